package dev.kiln.stages.pass;

import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphVerifier;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a plan of passes, each wrapped the same way: precondition, exclusion by name, timer, run, dump, verify.
 * The order of the plan is checked before it touches a graph.
 */
public final class PassRunner {
    private static final Logger LOG = LoggerFactory.getLogger(PassRunner.class);

    private final List<Pass> plan;

    public PassRunner(List<Pass> plan) {
        this.plan = List.copyOf(plan);
        checkOrder();
    }

    /** Simulates the plan's states; every pass must be applicable where it stands. */
    private void checkOrder() {
        GraphState state = GraphState.initial();
        for (Pass pass : plan) {
            Optional<String> reason = pass.notApplicableTo(state);
            if (reason.isPresent()) {
                throw new IllegalArgumentException("pass " + pass.name() + " " + reason.get());
            }
            state = pass.after(state);
        }
    }

    public List<String> names() {
        return plan.stream().map(Pass::name).toList();
    }

    public Graph run(Graph graph, PassContext context) {
        GraphState state = GraphState.initial();
        Graph current = graph;
        for (Pass pass : plan) {
            if (!context.options().debug().excludes(pass.name())) {
                current = run(pass, current, context);
            }
            state = pass.after(state);
        }
        return current;
    }

    private static Graph run(Pass pass, Graph graph, PassContext context) {
        long start = System.nanoTime();
        Graph result = pass.run(graph, context);
        long micros = (System.nanoTime() - start) / 1000;
        LOG.debug("{}: {} nodes -> {} in {} us", pass.name(), graph.nodes().size(), result.nodes().size(), micros);
        if (result != graph) {
            context.options().debug().show(5, "after " + pass.name(), () -> result);
            context.options().debug().dump("pass-" + pass.name(), result);
            if (context.options().debug().verifyLevel() > 0) {
                GraphVerifier.verify(result, "after " + pass.name());
            }
        }
        return result;
    }
}
