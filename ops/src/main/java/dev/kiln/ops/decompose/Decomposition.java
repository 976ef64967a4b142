package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.schema.OpArgs;
import java.util.List;

/** Rewrites a call into simpler ones. */
@FunctionalInterface
public interface Decomposition {
    /**
     * Adds the simpler calls to the builder.
     *
     * @param args the call's complete arguments; their references and sizes are the builder's
     * @return one reference an output of the call
     */
    List<Arg.Ref> apply(GraphBuilder g, OpArgs args);
}
