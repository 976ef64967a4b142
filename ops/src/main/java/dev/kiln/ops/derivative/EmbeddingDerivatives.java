package dev.kiln.ops.derivative;

import dev.kiln.ops.DType;
import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** Tables that rows are looked up in: the gradients of equal rows are added up. */
final class EmbeddingDerivatives {
    private static final int MEAN = 1;
    private static final int MAX = 2;

    private EmbeddingDerivatives() {
    }

    static void define(Rules r) {
        r.rule("embedding.default", b -> b.give(0, () -> b.e().call("embedding_dense_backward.default", b.grad(),
            b.input(1), b.tensor(0).size(0), b.call().arg(2), b.call().arg(3))));
        r.ofFirst("_embedding_bag.default", EmbeddingDerivatives::bags);
    }

    private static void bags(Backward b) {
        Emit e = b.e();
        Arg.Ref bag = b.output(1);
        Arg.Ref rows = e.call("index_select.default", b.grad(), 0, bag);
        long mode = b.args().integer(4);
        if (mode == MEAN) {
            Arg.Ref sizes = e.call("clamp_min.default", e.call("index_select.default", b.output(2), 0, bag), 1);
            rows = e.div(rows, e.cast(e.unsqueeze(sizes, 1), e.dtype(rows)));
        }
        Arg.Ref taken = mode == MAX ? e.where(largest(b), rows, e.number(0, e.dtype(rows))) : rows;
        b.give(0, () -> {
            Arg.Ref scaled = b.args().isNone(6) ? taken : e.mul(taken, e.unsqueeze(b.input(6), 1));
            return e.call("embedding_dense_backward.default", scaled, b.input(1), b.tensor(0).size(0), b.call().arg(8),
                b.call().arg(3));
        });
        b.give(6, () -> {
            Arg.Ref own = e.call("index_select.default", b.input(0), 0, b.input(1));
            Arg.Ref sums = e.sum(e.mul(taken, own), Arg.ints(1), false);
            return b.args().integer(8) < 0 ? sums : e.where(e.call("ne.Scalar", b.input(1), b.call().arg(8)), sums,
                e.number(0, e.dtype(sums)));
        });
    }

    /** Whether an element of a looked-up row is its bag's largest, the first of equal ones: [indices, width]. */
    private static Arg.Ref largest(Backward b) {
        Emit e = b.e();
        SymInt count = b.tensor(1).size(0);
        List<SymInt> sizes = List.of(count, b.tensor(0).size(1));
        Arg.Ref rows = e.call("index_select.default", b.input(0), 0, b.input(1));
        Arg.Ref same = e.call("eq.Tensor", rows, e.call("index_select.default", b.output(0), 0, b.output(1)));
        if (b.args().integer(8) >= 0) {
            same = e.call("logical_and.default", same, e.unsqueeze(e.call("ne.Scalar", b.input(1), b.call().arg(8)), 1));
        }
        Arg.Ref at = e.expand(e.positions(count, 0, 2), sizes);
        Arg.Ref column = e.expand(e.unsqueeze(b.output(1), 1), sizes);
        Arg.Ref none = e.full(List.of(e.tensor(b.output(0)).size(0), sizes.get(1)), count, DType.I64);
        Arg.Ref place = e.where(same, at, e.full(List.of(), count, DType.I64));
        Arg.Ref first = e.call("scatter.reduce", none, 0, column, place, "amin");
        return e.call("eq.Tensor", at, e.call("gather.default", first, 0, column));
    }
}
