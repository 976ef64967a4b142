package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** The less common writes by index. */
final class ScatterDecompositions {
    private ScatterDecompositions() {
    }

    static void define(Definitions d) {
        d.op("scatter_reduce.two(Tensor self, int dim, Tensor index, Tensor src, str reduce, *, "
            + "bool include_self=True) -> Tensor", ScatterDecompositions::reduce);
        d.op("scatter.value_reduce(Tensor self, int dim, Tensor index, Scalar value, *, str reduce) -> Tensor",
            (e, a) -> e.call("scatter.reduce", a.arg(0), a.arg(1), a.arg(2),
                e.full(a.tensor(2).sizes(), a.arg(3), a.tensor(0).dtype()), a.arg(4)));
        d.op("index_copy.default(Tensor self, int dim, Tensor index, Tensor source) -> Tensor",
            (e, a) -> along(e, a, Emit.ref(a, 3)));
        d.op("index_fill.int_Scalar(Tensor self, int dim, Tensor index, Scalar value) -> Tensor",
            (e, a) -> fill(e, a, e.number(a.arg(3), a.tensor(0).dtype())));
        d.op("index_fill.int_Tensor(Tensor self, int dim, Tensor index, Tensor value) -> Tensor",
            (e, a) -> fill(e, a, e.cast(Emit.ref(a, 3), a.tensor(0).dtype())));
        d.op("masked_scatter.default(Tensor self, Tensor mask, Tensor source) -> Tensor",
            ScatterDecompositions::masked);
        d.op("diagonal_scatter.default(Tensor self, Tensor src, int offset=0, int dim1=0, int dim2=1) -> Tensor",
            ScatterDecompositions::diagonal);
    }

    private static Arg.Ref reduce(Emit e, OpArgs a) {
        String reduce = a.string(4);
        boolean mean = reduce.equals("mean");
        DType dtype = a.tensor(0).dtype();
        Arg.Ref self = Emit.ref(a, 0);
        if (!a.bool(5)) {
            Arg.Ref neutral = e.full(a.tensor(2).sizes(), neutral(reduce, dtype), dtype);
            self = e.call("scatter.src", self, a.arg(1), a.arg(2), neutral);
        }
        String own = switch (reduce) {
            case "sum", "mean" -> "add";
            case "prod" -> "multiply";
            case "amax", "amin" -> reduce;
            default -> throw a.error("reduce must be sum, prod, mean, amax or amin, got " + reduce);
        };
        Arg.Ref folded = e.call("scatter.reduce", self, a.arg(1), a.arg(2), a.arg(3), own);
        if (!mean) {
            return folded;
        }
        Arg.Ref ones = e.full(a.tensor(0).sizes(), a.bool(5) ? 1 : 0, dtype);
        Arg.Ref count = e.call("scatter.reduce", ones, a.arg(1), a.arg(2),
            e.full(a.tensor(2).sizes(), 1, dtype), "add");
        Arg.Ref divisor = e.call("clamp_min.default", count, 1);
        return dtype.isFloating() ? e.div(folded, divisor) : e.call("floor_divide.default", folded, divisor);
    }

    private static Object neutral(String reduce, DType dtype) {
        boolean low = reduce.equals("amax");
        return switch (reduce) {
            case "prod" -> 1;
            case "amax", "amin" -> dtype.isFloating()
                ? (Object) (low ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY) : (Object) extreme(dtype, low);
            default -> 0;
        };
    }

    private static long extreme(DType dtype, boolean low) {
        return switch (dtype) {
            case BOOL -> low ? 0 : 1;
            case U8, U16, U32 -> low ? 0 : (1L << 8 * dtype.bytes()) - 1;
            case U64 -> low ? 0 : -1;
            default -> low ? -1L << (8 * dtype.bytes() - 1) : (1L << (8 * dtype.bytes() - 1)) - 1;
        };
    }

    /** Slices along the dimension put at the places that a vector of indices names. */
    private static Arg.Ref along(Emit e, OpArgs a, Arg.Ref source) {
        Arg.Ref self = e.atLeastVector(Emit.ref(a, 0));
        int dim = a.dim(1, e.rank(self));
        List<SymInt> sizes = new ArrayList<>(e.tensor(self).sizes());
        sizes.set(dim, a.tensor(2).numel());
        List<SymInt> line = new ArrayList<>(Collections.nCopies(sizes.size(), SymInt.ONE));
        line.set(dim, a.tensor(2).numel());
        Arg.Ref index = e.expand(e.view(Emit.ref(a, 2), line), sizes);
        Arg.Ref slices = e.expand(e.rank(source) == sizes.size() || e.rank(source) == 0 ? source
            : e.view(source, sizes), sizes);
        return e.view(e.call("scatter.src", self, dim, index, slices), a.tensor(0).sizes());
    }

    /** By a mask, so that the value's gradient counts a place once that the index names twice. */
    private static Arg.Ref fill(Emit e, OpArgs a, Arg.Ref value) {
        if (e.rank(value) != 0) {
            throw a.error("a value without dimensions expected, got " + e.tensor(value));
        }
        Arg.Ref self = e.atLeastVector(Emit.ref(a, 0));
        int dim = a.dim(1, e.rank(self));
        SymInt size = e.tensor(self).size(dim);
        Arg.Ref named = e.call("scatter.value", e.full(List.of(size), false, DType.BOOL), 0,
            e.atLeastVector(Emit.ref(a, 2)), true);
        List<SymInt> line = new ArrayList<>(Collections.nCopies(e.rank(self), SymInt.ONE));
        line.set(dim, size);
        return e.view(e.where(e.view(named, line), value, self), a.tensor(0).sizes());
    }

    /** The n-th place that the mask marks takes the n-th source element. */
    private static Arg.Ref masked(Emit e, OpArgs a) {
        FakeTensor source = a.tensor(2);
        List<SymInt> sizes = dev.kiln.ops.aten.Broadcast.sizes(a.shapes(), a.schema().name(),
            List.of(a.tensor(0).sizes(), a.tensor(1).sizes()));
        if (source.dtype() != a.tensor(0).dtype()) {
            throw a.error("dtypes " + a.tensor(0).dtype() + " and " + source.dtype() + " differ");
        }
        Arg.Ref self = e.expand(Emit.ref(a, 0), sizes);
        if (source.numel().is(0) || SymInt.product(sizes).is(0)) {
            return e.unary("clone", self);
        }
        Arg.Ref mask = e.view(e.expand(Emit.ref(a, 1), sizes), List.of(SymInt.product(sizes)));
        Arg.Ref rank = e.call("cumsum.default", e.cast(mask, DType.I64), 0);
        Arg.Ref place = e.where(mask, e.call("add.Scalar", rank, -1), e.number(0, DType.I64));
        Arg.Ref picked = e.call("index_select.default", e.view(Emit.ref(a, 2), List.of(source.numel())), 0, place);
        return e.where(e.view(mask, sizes), e.view(picked, sizes), self);
    }

    private static Arg.Ref diagonal(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(0);
        int first = a.dim(3, self.rank());
        int second = a.dim(4, self.rank());
        long offset = a.integer(2);
        Arg.Ref row = e.positions(self.size(first), first, self.rank());
        Arg.Ref column = e.positions(self.size(second), second, self.rank());
        Arg.Ref on = e.call("eq.Tensor", e.add(row, offset), column);
        List<SymInt> part = e.tensor(e.call("diagonal.default", a.arg(0), a.arg(2), a.arg(3), a.arg(4))).sizes();
        for (int d = 0; d < part.size(); d++) {
            a.shapes().require(part.get(d), a.tensor(1).size(d), a.schema().name() + ", dimension " + d);
        }
        if (part.getLast().is(0)) {
            return e.unary("clone", Emit.ref(a, 0));
        }
        Arg.Ref along = e.call("clamp.default", offset < 0 ? column : row, 0, part.getLast().plus(-1));
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        Arg.Ref source = Emit.ref(a, 1);
        source = e.call("movedim.int", source, -1, offset < 0 ? lower(second, first) : lower(first, second));
        source = e.unsqueeze(source, offset < 0 ? first : second);
        List<SymInt> index = new ArrayList<>(e.tensor(source).sizes());
        index.set(offset < 0 ? second : first, sizes.get(offset < 0 ? second : first));
        Arg.Ref picked = e.call("gather.default", source, offset < 0 ? second : first, e.expand(along, index));
        return e.where(on, picked, Emit.ref(a, 0));
    }

    /** The place of a dimension once another one is gone. */
    private static int lower(int dim, int without) {
        return dim > without ? dim - 1 : dim;
    }
}
