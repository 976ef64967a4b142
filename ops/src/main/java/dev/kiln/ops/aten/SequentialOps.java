package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Ops that walk a dimension in order: running folds, sorting, and writes through index tensors. */
final class SequentialOps {
    private SequentialOps() {
    }

    static void register(Registry r) {
        for (String name : List.of("cumsum", "cumprod")) {
            sequential(r, name + ".default(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
                ShapeFunction.single(a -> running(a, a.dtype(2).orElse(summed(a.tensor(0).dtype())))));
        }
        sequential(r, "logcumsumexp.default(Tensor self, int dim) -> Tensor", ShapeFunction.single(a -> {
            if (!a.tensor(0).dtype().isFloating()) {
                throw a.error("a floating dtype expected, got " + a.tensor(0).dtype());
            }
            return running(a, a.tensor(0).dtype());
        }));
        for (String name : List.of("cummax", "cummin")) {
            sequential(r, name + ".default(Tensor self, int dim) -> (Tensor, Tensor)",
                a -> List.of(running(a, a.tensor(0).dtype()), running(a, DType.I64)));
        }
        sequential(r, "sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) "
            + "-> (Tensor, Tensor)", a -> sorted(a, 2));
        sequential(r, "topk.default(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) "
            + "-> (Tensor, Tensor)", SequentialOps::topk);
        sequential(r, "scatter.src(Tensor self, int dim, Tensor index, Tensor src) -> Tensor",
            ShapeFunction.single(SequentialOps::scatter));
        sequential(r, "scatter.reduce(Tensor self, int dim, Tensor index, Tensor src, *, str reduce) -> Tensor",
            ShapeFunction.single(SequentialOps::scatterReduce));
    }

    private static void sequential(Registry r, String schema, ShapeFunction shape) {
        r.op(schema, OpKind.SEQUENTIAL, shape);
    }

    private static DType summed(DType dtype) {
        return dtype.isFloating() ? dtype : DType.I64;
    }

    private static FakeTensor running(OpArgs a, DType dtype) {
        a.dim(1, a.tensor(0).rank());
        return FakeTensor.contiguous(dtype, a.tensor(0).sizes());
    }

    private static List<FakeTensor> sorted(OpArgs a, int dimPosition) {
        a.dim(dimPosition, a.tensor(0).rank());
        FakeTensor values = a.tensor(0).fresh(a.tensor(0).sizes());
        return List.of(values, values.withDType(DType.I64));
    }

    private static List<FakeTensor> topk(OpArgs a) {
        FakeTensor self = a.tensor(0);
        int dim = a.dim(2, self.rank());
        SymInt k = a.size(1);
        SymInt size = self.rank() == 0 ? SymInt.ONE : self.size(dim);
        if (!Shapes.holds(a, Guard.atMost(k, size)) || !Shapes.holds(a, Guard.atMost(SymInt.ZERO, k))) {
            throw a.error("k = " + k + " is out of range for size " + size);
        }
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        if (self.rank() > 0) {
            sizes.set(dim, k);
        }
        return List.of(self.fresh(sizes), self.withDType(DType.I64).fresh(sizes));
    }

    private static FakeTensor scatterReduce(OpArgs a) {
        if (!List.of("add", "multiply", "amax", "amin").contains(a.string(4))) {
            throw a.error("reduce must be add, multiply, amax or amin, got " + a.string(4));
        }
        return scatter(a);
    }

    /** The index may be shorter than self (but for {@code dim}) and than the source. */
    private static FakeTensor scatter(OpArgs a) {
        FakeTensor self = a.tensor(0);
        FakeTensor index = a.tensor(2);
        FakeTensor source = a.tensor(3);
        if (index.dtype() != DType.I64 && index.dtype() != DType.I32) {
            throw a.error("indices must be i64 or i32, got " + index.dtype());
        }
        if (source.dtype() != self.dtype()) {
            throw a.error("dtypes " + self.dtype() + " and " + source.dtype() + " differ");
        }
        int dim = a.dim(1, self.rank());
        if (index.numel().is(0)) {
            return self.fresh(self.sizes());
        }
        int rank = Math.max(1, self.rank());
        if (rank != Math.max(1, index.rank()) || rank != Math.max(1, source.rank())) {
            throw a.error("ranks " + self.rank() + ", " + index.rank() + " and " + source.rank() + " differ");
        }
        for (int d = 0; d < Math.min(self.rank(), index.rank()); d++) {
            boolean inSource = source.rank() == 0 || !a.shapes().less(source.size(d), index.size(d));
            if (!inSource || d != dim && a.shapes().less(self.size(d), index.size(d))) {
                throw a.error("the index " + index.sizes() + " is larger than " + self.sizes() + " or "
                    + source.sizes());
            }
        }
        return self.fresh(self.sizes());
    }
}
