package dev.kiln.stages.postgrad;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.stages.pass.GraphRewriter;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Drops calls that give their input back: copies, casts to the same dtype, views to the same shape. */
final class RemoveNoOps implements Pass {
    private static final Set<String> COPIES = Set.of("aten.clone.default", "aten.alias.default",
        "aten._to_copy.default");
    private static final Set<String> REORDERINGS = Set.of("aten.permute.default", "aten.transpose.int",
        "aten.t.default");

    @Override
    public Graph run(Graph graph, PassContext context) {
        return GraphRewriter.rewrite(graph, RemoveNoOps::replace);
    }

    private static Optional<List<Arg.Ref>> replace(GraphBuilder builder, Node.Call call) {
        if (call.outputs().size() != 1 || !(call.args().getFirst() instanceof Arg.Ref input)) {
            return Optional.empty();
        }
        FakeTensor before = builder.tensor(input);
        FakeTensor after = call.output(0);
        boolean candidate = COPIES.contains(call.op().name())
            || call.op().kind() == OpKind.VIEW && keepsOrder(call);
        boolean same = before.dtype() == after.dtype() && before.sizes().equals(after.sizes());
        return candidate && same ? Optional.of(List.of(input)) : Optional.empty();
    }

    /** Whether equal sizes mean equal elements: a permutation may keep the sizes and still move data. */
    private static boolean keepsOrder(Node.Call call) {
        if (call.is("aten.permute.default")) {
            List<?> dims = ((Arg.Ints) call.arg(1)).values();
            return java.util.stream.IntStream.range(0, dims.size()).allMatch(i -> dims.get(i).toString().equals("" + i));
        }
        return !REORDERINGS.contains(call.op().name());
    }
}
