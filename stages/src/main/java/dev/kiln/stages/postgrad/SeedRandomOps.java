package dev.kiln.stages.postgrad;

import dev.kiln.ops.decompose.Decompositions;
import dev.kiln.ops.decompose.RandomStream;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.stages.pass.GraphRewriter;
import dev.kiln.stages.pass.GraphState;
import dev.kiln.stages.pass.GraphState.Stage;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import java.util.Optional;

/**
 * Gives each random call counters of its own under the seed of the options. First of all, since two calls that look
 * alike must not become one.
 */
final class SeedRandomOps implements Pass {
    @Override
    public Optional<String> notApplicableTo(GraphState state) {
        return state.mustPrecede(Stage.DECOMPOSED);
    }

    @Override
    public Graph run(Graph graph, PassContext context) {
        RandomStream stream = RandomStream.ofSeed(context.options().seed());
        return GraphRewriter.rewrite(graph, (builder, call) -> Decompositions.random(call.op(), stream).map(d ->
            d.apply(builder, new OpArgs(call.op().schema(), call.args(), builder::tensor, builder.shapes()))));
    }
}
