package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.DataSizeOps;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** Repeating elements as often as a tensor says; without {@code output_size} the length depends on data. */
final class RepeatDecompositions {
    private RepeatDecompositions() {
    }

    static void define(Definitions d) {
        d.op("repeat_interleave.Tensor(Tensor repeats, *, SymInt? output_size=None) -> Tensor",
            (e, a) -> e.cast(places(e, a, Emit.ref(a, 0), 1), a.tensor(0).dtype()));
        d.op("repeat_interleave.self_Tensor(Tensor self, Tensor repeats, int? dim=None, *, SymInt? output_size=None) "
            + "-> Tensor", (e, a) -> {
            Arg.Ref self = a.isNone(2) ? e.view(Emit.ref(a, 0), List.of(a.tensor(0).numel()))
                : e.atLeastVector(Emit.ref(a, 0));
            int dim = a.isNone(2) ? 0 : a.dim(2, e.rank(self));
            Arg.Ref repeats = e.expand(e.view(Emit.ref(a, 1), List.of(a.tensor(1).numel())),
                List.of(e.tensor(self).size(dim)));
            return e.call("index_select.default", self, dim, places(e, a, repeats, 3));
        });
    }

    /** For each element of the result, from which element it comes: a count of the starts up to it. */
    private static Arg.Ref places(Emit e, OpArgs a, Arg.Ref repeats, int size) {
        if (e.rank(repeats) != 1 || e.dtype(repeats) != DType.I64 && e.dtype(repeats) != DType.I32) {
            throw a.error("repeats must be a vector of i64 or i32, got " + e.tensor(repeats));
        }
        Arg.Ref ends = e.call("cumsum.default", e.cast(repeats, DType.I64), 0);
        SymInt total = a.isNone(size) ? counted(e, repeats) : a.size(size);
        Arg.Ref marks = e.full(List.of(total.plus(1)), 0, DType.I64);
        Arg.Ref ones = e.full(List.of(e.tensor(repeats).size(0)), 1, DType.I64);
        Arg.Ref starts = e.call("scatter.reduce", marks, 0, ends, ones, "add");
        return e.call("cumsum.default", e.slice(starts, 0, SymInt.ZERO, total), 0);
    }

    private static SymInt counted(Emit e, Arg.Ref repeats) {
        SymInt total = e.g().shapes().unbackedWithin(0, Long.MAX_VALUE);
        e.g().call(DataSizeOps.BIND_SIZE, e.call("sum.default", repeats), total);
        return total;
    }
}
