package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.Broadcast;
import dev.kiln.ops.aten.DataSizeOps;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Ops whose results have sizes that depend on data: all come down to the indices of the true elements of a mask. */
final class DataSizeDecompositions {
    private DataSizeDecompositions() {
    }

    static void define(Definitions d) {
        d.op("nonzero.default(Tensor self) -> Tensor", (e, a) -> nonzero(e, Emit.ref(a, 0)));
        d.op("_local_scalar_dense.default(Tensor self) -> Scalar", DataSizeDecompositions::number);
        d.op("masked_select.default(Tensor self, Tensor mask) -> Tensor", DataSizeDecompositions::maskedSelect);
    }

    /** The only element as Python has it: a bool, an integer of 64 bits or a double; a tensor of rank 0. */
    private static Arg.Ref number(Emit e, OpArgs a) {
        a.shapes().require(a.tensor(0).numel(), SymInt.ONE, a.schema().name() + ", number of elements");
        DType dtype = a.tensor(0).dtype();
        DType wide = dtype.isFloating() ? DType.F64 : dtype == DType.BOOL ? DType.BOOL : DType.I64;
        return e.cast(e.view(Emit.ref(a, 0), List.of()), wide);
    }

    /** Indices of the true elements; the size of the result is a new unbacked symbol, at most the mask's. */
    static Arg.Ref compact(Emit e, Arg.Ref mask) {
        SymInt count = e.g().shapes().unbacked(e.tensor(mask).size(0));
        return e.g().call(DataSizeOps.COMPACT, mask, count);
    }

    static Arg.Ref flat(Emit e, Arg.Ref x) {
        return e.view(x, List.of(e.tensor(x).numel()));
    }

    /** One row an element that is not zero: its index in each dimension. */
    static Arg.Ref nonzero(Emit e, Arg.Ref self) {
        List<Arg.Ref> columns = columns(e, self);
        SymInt count = columns.isEmpty() ? SymInt.ZERO : e.tensor(columns.getFirst()).size(0);
        if (e.rank(self) == 0) {
            return e.full(List.of(e.tensor(compact(e, truth(e, flat(e, self)))).size(0), SymInt.ZERO), 0, DType.I64);
        }
        return e.cat(columns.stream().map(c -> e.view(c, List.of(count, SymInt.ONE))).toList(), 1);
    }

    /** The indices of the elements that are not zero, one vector a dimension. */
    static List<Arg.Ref> columns(Emit e, Arg.Ref self) {
        List<SymInt> sizes = e.tensor(self).sizes();
        if (sizes.isEmpty()) {
            return List.of();
        }
        Arg.Ref rest = compact(e, truth(e, flat(e, self)));
        List<Arg.Ref> columns = new ArrayList<>();
        for (int dim = sizes.size() - 1; dim > 0; dim--) {
            columns.addFirst(e.call("remainder.Scalar", rest, sizes.get(dim)));
            rest = e.call("floor_divide.Scalar", rest, sizes.get(dim));
        }
        columns.addFirst(rest);
        return columns;
    }

    static Arg.Ref truth(Emit e, Arg.Ref x) {
        return e.dtype(x) == DType.BOOL ? x : e.call("ne.Scalar", x, 0);
    }

    private static Arg.Ref maskedSelect(Emit e, OpArgs a) {
        if (a.tensor(1).dtype() != DType.BOOL) {
            throw a.error("the mask must be bool, got " + a.tensor(1).dtype());
        }
        List<SymInt> sizes = Broadcast.sizes(a.shapes(), a.schema().name(),
            List.of(a.tensor(0).sizes(), a.tensor(1).sizes()));
        Arg.Ref mask = flat(e, e.expand(Emit.ref(a, 1), sizes));
        return e.call("index_select.default", flat(e, e.expand(Emit.ref(a, 0), sizes)), 0, compact(e, mask));
    }
}
