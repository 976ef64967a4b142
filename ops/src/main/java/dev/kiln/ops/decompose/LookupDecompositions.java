package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Looking values up: in tables, in sorted boundaries, among others. */
final class LookupDecompositions {
    private LookupDecompositions() {
    }

    static void define(Definitions d) {
        d.op("take.default(Tensor self, Tensor index) -> Tensor", (e, a) -> {
            Arg.Ref flat = e.view(Emit.ref(a, 0), List.of(a.tensor(0).numel()));
            Arg.Ref index = e.view(Emit.ref(a, 1), List.of(a.tensor(1).numel()));
            Arg.Ref fromStart = e.where(e.call("lt.Scalar", index, 0),
                e.call("add.Scalar", index, a.tensor(0).numel()), index);
            return e.view(e.call("index_select.default", flat, 0, fromStart), a.tensor(1).sizes());
        });
        d.op("take_along_dim.default(Tensor self, Tensor indices, int? dim=None) -> Tensor", LookupDecompositions::along);
        d.op("one_hot.default(Tensor self, int num_classes=-1) -> Tensor", (e, a) -> {
            if (a.integer(1) < 1) {
                throw new KilnException.Unsupported("aten.one_hot without num_classes has a size that depends on data: "
                    + "give num_classes");
            }
            Arg.Ref classes = e.positions(SymInt.of(a.integer(1)), a.tensor(0).rank(), a.tensor(0).rank() + 1);
            return e.cast(e.call("eq.Tensor", e.unsqueeze(Emit.ref(a, 0), -1), classes), DType.I64);
        });
        d.op("bucketize.Tensor(Tensor self, Tensor boundaries, *, bool out_int32=False, bool right=False) -> Tensor",
            (e, a) -> search(e, Emit.ref(a, 1), Emit.ref(a, 0), a.bool(2), a.bool(3)));
        d.op("searchsorted.Tensor(Tensor sorted_sequence, Tensor self, *, bool out_int32=False, bool right=False, "
            + "str? side=None, Tensor? sorter=None) -> Tensor", (e, a) -> {
            if (!a.isNone(5)) {
                throw new KilnException.Unsupported("aten.searchsorted with a sorter is not supported: sort first");
            }
            boolean right = a.isNone(4) ? a.bool(3) : a.string(4).equals("right");
            return search(e, Emit.ref(a, 0), Emit.ref(a, 1), a.bool(2), right);
        });
        d.op("isin.Tensor_Tensor(Tensor elements, Tensor test_elements, *, bool assume_unique=False, "
            + "bool invert=False) -> Tensor", (e, a) -> {
            Arg.Ref others = e.view(Emit.ref(a, 1), List.of(a.tensor(1).numel()));
            Arg.Ref same = e.call("eq.Tensor", e.unsqueeze(Emit.ref(a, 0), -1), others);
            Arg.Ref any = e.call("any.dims", same, Arg.ints(-1));
            return a.bool(3) ? e.unary("logical_not", any) : any;
        });
    }

    private static Arg.Ref along(Emit e, OpArgs a) {
        if (a.isNone(2)) {
            return e.call("gather.default", e.view(Emit.ref(a, 0), List.of(a.tensor(0).numel())), 0,
                e.view(Emit.ref(a, 1), List.of(a.tensor(1).numel())));
        }
        int rank = a.tensor(0).rank();
        if (rank != a.tensor(1).rank()) {
            throw a.error("ranks " + rank + " and " + a.tensor(1).rank() + " differ");
        }
        int dim = a.dim(2, rank);
        List<SymInt> self = new ArrayList<>(a.tensor(0).sizes());
        List<SymInt> index = new ArrayList<>(a.tensor(1).sizes());
        SymInt wide = self.set(dim, SymInt.ONE);
        SymInt picks = index.set(dim, SymInt.ONE);
        List<SymInt> common = dev.kiln.ops.aten.Broadcast.sizes(a.shapes(), a.schema().name(), List.of(self, index));
        List<SymInt> table = new ArrayList<>(common);
        table.set(dim, wide);
        List<SymInt> out = new ArrayList<>(common);
        out.set(dim, picks);
        return e.call("gather.default", e.expand(Emit.ref(a, 0), table), dim, e.expand(Emit.ref(a, 1), out));
    }

    /**
     * How many boundaries of a value's line are below it ({@code right}: or equal). NaN is above every number.
     */
    private static Arg.Ref search(Emit e, Arg.Ref sorted, Arg.Ref values, boolean narrow, boolean right) {
        Arg.Ref value = e.unsqueeze(values, -1);
        Arg.Ref line = e.rank(sorted) == 1 ? sorted : e.unsqueeze(sorted, -2);
        Arg.Ref below = e.call((right ? "le" : "lt") + ".Tensor", line, value);
        if (e.dtype(values).isFloating() || e.dtype(sorted).isFloating()) {
            Arg.Ref nan = e.unary("isnan", value);
            Arg.Ref before = right ? nan : e.call("logical_and.default", nan, e.unary("logical_not", e.unary("isnan", line)));
            below = e.call("logical_or.default", below, before);
        }
        return e.call("sum.dim_IntList", below, Arg.ints(-1), false, narrow ? DType.I32 : DType.I64);
    }
}
