package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import java.util.List;

/** The other forms of sorting. */
final class OrderDecompositions {
    private OrderDecompositions() {
    }

    static void define(Definitions d) {
        d.list("sort.default(Tensor self, int dim=-1, bool descending=False) -> (Tensor, Tensor)",
            (e, a) -> sorted(e, a, a.arg(1), a.arg(2)));
        d.op("argsort.default(Tensor self, int dim=-1, bool descending=False) -> Tensor",
            (e, a) -> sorted(e, a, a.arg(1), a.arg(2)).get(1));
        d.op("argsort.stable(Tensor self, *, bool stable, int dim=-1, bool descending=False) -> Tensor",
            (e, a) -> sorted(e, a, a.arg(2), a.arg(3)).get(1));
        d.op("msort.default(Tensor self) -> Tensor",
            (e, a) -> sorted(e, a, Arg.of(0), new Arg.Bool(false)).get(0));
        d.list("kthvalue.default(Tensor self, int k, int dim=-1, bool keepdim=False) -> (Tensor, Tensor)",
            OrderDecompositions::kthValue);
    }

    private static List<Arg.Ref> sorted(Emit e, OpArgs a, Arg dim, Arg descending) {
        Arg.Ref values = e.call("sort.stable", a.arg(0), true, dim, descending);
        return List.of(values, new Arg.Ref(values.node(), 1));
    }

    private static List<Arg.Ref> kthValue(Emit e, OpArgs a) {
        int dim = a.dim(2, a.tensor(0).rank());
        List<Arg.Ref> sorted = sorted(e, a, Arg.of(dim), new Arg.Bool(false));
        if (a.tensor(0).rank() == 0) {
            return sorted;
        }
        return sorted.stream().map(r -> {
            Arg.Ref one = e.call("select.int", r, dim, a.size(1).plus(-1));
            return a.bool(3) ? e.unsqueeze(one, dim) : one;
        }).toList();
    }
}
