package dev.kiln.stages.postgrad;

import dev.kiln.ops.aten.ConvolutionSpec;
import dev.kiln.ops.decompose.Decomposition;
import dev.kiln.ops.decompose.Decompositions;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.stages.lowering.AttentionSupport;
import dev.kiln.stages.pass.GraphRewriter;
import dev.kiln.stages.pass.GraphState;
import dev.kiln.stages.pass.GraphState.Stage;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import java.util.List;
import java.util.Optional;

/** Replaces composite ops by simpler ones until none is left. */
final class Decompose implements Pass {
    /** Composites are at most this deep in each other. */
    private static final int MAX_ROUNDS = 8;

    @Override
    public Optional<String> notApplicableTo(GraphState state) {
        return state.mustFollow(Stage.PATTERNS_MATCHED);
    }

    @Override
    public Graph run(Graph graph, PassContext context) {
        return GraphRewriter.exhaust(graph, MAX_ROUNDS, Decompose::decompose);
    }

    private static Optional<List<Arg.Ref>> decompose(GraphBuilder builder, Node.Call call) {
        boolean unfused = call.is(Decompositions.ATTENTION) && !AttentionSupport.hasTemplate(call, builder::tensor);
        boolean transposed = call.is(ConvolutionSpec.NAME) && call.arg(6).equals(new Arg.Bool(true));
        Optional<Decomposition> decomposition = unfused ? Optional.of(Decompositions.attention())
            : transposed ? Optional.of(Decompositions.transposedConvolution()) : Decompositions.find(call.op());
        return decomposition.map(d -> d.apply(builder,
            new OpArgs(call.op().schema(), call.args(), builder::tensor, builder.shapes())));
    }

    @Override
    public GraphState after(GraphState state) {
        return state.with(Stage.DECOMPOSED);
    }
}
