package dev.kiln.stages.pass;

import dev.kiln.ops.graph.Graph;
import java.util.Optional;

/** One rewrite of a graph: stateless, named after what it does, run by the {@link PassRunner}. */
public interface Pass {
    /** The name in logs, metrics, dumps and {@code KILN_PASS_EXCLUDE}. */
    default String name() {
        return getClass().getSimpleName();
    }

    /** Why the pass may not run in this state of the graph; empty if it may. */
    default Optional<String> notApplicableTo(GraphState state) {
        return Optional.empty();
    }

    /** The rewritten graph, or the same object if nothing changes. */
    Graph run(Graph graph, PassContext context);

    /** The state that the graph is in afterwards. */
    default GraphState after(GraphState state) {
        return state;
    }
}
