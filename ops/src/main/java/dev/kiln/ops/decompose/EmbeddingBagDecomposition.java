package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** Rows of a table looked up and folded by bag; all steps are linear in what is looked up. */
final class EmbeddingBagDecomposition {
    private static final int SUM = 0;
    private static final int MEAN = 1;

    private EmbeddingBagDecomposition() {
    }

    static void define(Definitions d) {
        String schema = "(Tensor weight, Tensor indices, Tensor offsets, bool scale_grad_by_freq=False, int mode=0, "
            + "bool sparse=False, Tensor? per_sample_weights=None, bool include_last_offset=False, int padding_idx=-1) "
            + "-> (Tensor, Tensor, Tensor, Tensor)";
        d.list("_embedding_bag.default" + schema, EmbeddingBagDecomposition::bags);
        d.list("_embedding_bag_forward_only.default" + schema, EmbeddingBagDecomposition::bags);
    }

    private static List<Arg.Ref> bags(Emit e, OpArgs a) {
        FakeTensor weight = a.tensor(0);
        if (weight.rank() != 2 || a.tensor(1).rank() != 1 || a.tensor(2).rank() != 1) {
            throw a.error("a matrix and two vectors expected, got " + weight + ", " + a.tensor(1) + " and " + a.tensor(2));
        }
        SymInt count = a.tensor(1).size(0);
        SymInt bags = a.bool(7) ? a.tensor(2).size(0).plus(-1) : a.tensor(2).size(0);
        Arg.Ref indices = e.cast(Emit.ref(a, 1), DType.I64);
        Arg.Ref counted = a.integer(8) < 0 ? e.full(List.of(count), 1, DType.BOOL)
            : e.call("ne.Scalar", indices, a.arg(8));
        Arg.Ref bag = bagOf(e, a, count, bags);
        Arg.Ref sizes = e.call("scatter.reduce", e.full(List.of(bags), 0, DType.I64), 0, bag,
            e.cast(counted, DType.I64), "add");
        Arg.Ref rows = e.compute(e.call("index_select.default", a.arg(0), 0, indices));
        if (!a.isNone(6)) {
            rows = e.mul(rows, e.compute(e.unsqueeze(Emit.ref(a, 6), 1)));
        }
        Arg.Ref column = e.expand(e.unsqueeze(bag, 1), List.of(count, weight.size(1)));
        Arg.Ref mask = e.unsqueeze(counted, 1);
        Arg.Ref out = a.integer(4) == SUM || a.integer(4) == MEAN ? summed(e, a, rows, mask, column, sizes, bags)
            : largest(e, a, rows, mask, column, sizes, bags);
        Arg.Ref none = e.full(List.of(bags), 0, DType.I64);
        return List.of(e.cast(out, weight.dtype()), bag, sizes, none);
    }

    /** The number of the bag that each index lies in: bags that began so far, less one. */
    private static Arg.Ref bagOf(Emit e, OpArgs a, SymInt count, SymInt bags) {
        Arg.Ref offsets = e.slice(e.cast(Emit.ref(a, 2), DType.I64), 0, SymInt.ZERO, bags);
        Arg.Ref marks = e.call("scatter.reduce", e.full(List.of(count.plus(1)), 0, DType.I64), 0, offsets,
            e.full(List.of(bags), 1, DType.I64), "add");
        Arg.Ref begun = e.slice(e.call("cumsum.default", marks, 0), 0, SymInt.ZERO, count);
        return e.call("add.Scalar", begun, -1);
    }

    private static Arg.Ref summed(Emit e, OpArgs a, Arg.Ref rows, Arg.Ref mask, Arg.Ref column, Arg.Ref sizes,
            SymInt bags) {
        DType dtype = e.dtype(rows);
        Arg.Ref kept = e.where(mask, rows, e.number(0, dtype));
        Arg.Ref sum = e.call("scatter.reduce", e.full(List.of(bags, a.tensor(0).size(1)), 0, dtype), 0, column, kept,
            "add");
        if (a.integer(4) == SUM) {
            return sum;
        }
        return e.div(sum, e.cast(e.unsqueeze(e.call("clamp_min.default", sizes, 1), 1), dtype));
    }

    private static Arg.Ref largest(Emit e, OpArgs a, Arg.Ref rows, Arg.Ref mask, Arg.Ref column, Arg.Ref sizes,
            SymInt bags) {
        DType dtype = e.dtype(rows);
        Arg.Ref kept = e.where(mask, rows, e.number(Double.NEGATIVE_INFINITY, dtype));
        Arg.Ref low = e.full(List.of(bags, a.tensor(0).size(1)), Double.NEGATIVE_INFINITY, dtype);
        Arg.Ref top = e.call("scatter.reduce", low, 0, column, kept, "amax");
        Arg.Ref empty = e.unsqueeze(e.call("eq.Scalar", sizes, 0), 1);
        return e.where(empty, e.number(0, dtype), top);
    }
}
