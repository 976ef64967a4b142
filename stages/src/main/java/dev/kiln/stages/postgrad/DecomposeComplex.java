package dev.kiln.stages.postgrad;

import dev.kiln.ops.decompose.ComplexDecompositions;
import dev.kiln.ops.decompose.Decomposition;
import dev.kiln.ops.decompose.Decompositions;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.ComplexNumbers;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.stages.pass.GraphRewriter;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import java.util.List;
import java.util.Optional;

/** Rewrites calls with complex tensors into calls on their parts, until only views between the two are left. */
final class DecomposeComplex implements Pass {
    private static final int MAX_ROUNDS = 16;

    @Override
    public Graph run(Graph graph, PassContext context) {
        return GraphRewriter.exhaust(graph, MAX_ROUNDS, DecomposeComplex::decompose);
    }

    private static Optional<List<Arg.Ref>> decompose(GraphBuilder builder, Node.Call call) {
        OpArgs args = new OpArgs(call.op().schema(), call.args(), builder::tensor, builder.shapes());
        if (call.is("aten.view_as_real.default") && call.arg(0) instanceof Arg.Ref whole
                && builder.node(whole) instanceof Node.Call source && source.is("aten.view_as_complex.default")) {
            return Optional.of(List.of((Arg.Ref) source.arg(0)));
        }
        boolean complex = ComplexNumbers.occur(args)
            || call.outputs().stream().anyMatch(o -> o.dtype().isComplex());
        if (!complex || ComplexDecompositions.isView(call.op().name())) {
            return Optional.empty();
        }
        Optional<Decomposition> decomposition = ComplexNumbers.decomposition(call.op(), args)
            .or(() -> Decompositions.find(call.op()));
        return decomposition.map(d -> d.apply(builder, args));
    }
}
