package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import java.util.TreeSet;
import java.util.function.Function;

/** Ops that fold dimensions. */
final class ReductionOps {
    private ReductionOps() {
    }

    static void register(Registry r) {
        reduce(r, "sum.dim_IntList(Tensor self, int[]? dim, bool keepdim=False, *, ScalarType? dtype=None)"
            + " -> Tensor",
            a -> a.dtype(3).orElse(sumDType(a.tensor(0).dtype())));
        reduce(r, "mean.dim(Tensor self, int[]? dim, bool keepdim=False, *, ScalarType? dtype=None)"
            + " -> Tensor",
            ReductionOps::meanDType);
        reduce(r, "amax.default(Tensor self, int[] dim=[], bool keepdim=False) -> Tensor", a ->
            a.tensor(0).dtype());
        reduce(r, "amin.default(Tensor self, int[] dim=[], bool keepdim=False) -> Tensor", a ->
            a.tensor(0).dtype());
        reduce(r, "any.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
            ReductionOps::truthDType);
        reduce(r, "all.dims(Tensor self, int[]? dim=None, bool keepdim=False) -> Tensor",
            ReductionOps::truthDType);
        r.op("prod.dim_int(Tensor self, int dim, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
            OpKind.REDUCTION, ShapeFunction.single(a ->
                oneDim(a, 1, 2, a.dtype(3).orElse(sumDType(a.tensor(0).dtype())))));
        for (String name : new String[] {"argmax", "argmin"}) {
            r.op(name + ".default(Tensor self, int? dim=None, bool keepdim=False) -> Tensor",
                OpKind.REDUCTION, ShapeFunction.single(a -> oneDim(a, 1, 2, DType.I64)));
        }
    }

    private static void reduce(Registry r, String schema, Function<OpArgs, DType> dtype) {
        r.op(schema, OpKind.REDUCTION, ShapeFunction.single(a -> {
            FakeTensor self = a.tensor(0);
            TreeSet<Integer> dims = Shapes.reducedDims(a, 1, self.rank());
            return FakeTensor.contiguous(dtype.apply(a), Shapes.reduced(self.sizes(), dims, a.bool(2)));
        }));
    }

    private static FakeTensor oneDim(OpArgs a, int dimPosition, int keepPosition, DType dtype) {
        FakeTensor self = a.tensor(0);
        TreeSet<Integer> dims = new TreeSet<>();
        if (a.isNone(dimPosition)) {
            for (int d = 0; d < self.rank(); d++) {
                dims.add(d);
            }
        } else {
            dims.add(a.dim(dimPosition, self.rank()));
        }
        return FakeTensor.contiguous(dtype, Shapes.reduced(self.sizes(), dims, a.bool(keepPosition)));
    }

    /** PyTorch's exception: of bytes, a byte. */
    private static DType truthDType(OpArgs a) {
        return a.tensor(0).dtype() == DType.U8 ? DType.U8 : DType.BOOL;
    }

    private static DType sumDType(DType input) {
        return input.isFloating() ? input : DType.I64;
    }

    private static DType meanDType(OpArgs a) {
        DType dtype = a.dtype(3).orElse(a.tensor(0).dtype());
        if (!dtype.isFloating()) {
            throw a.error("the mean of " + dtype + " is not defined; cast to a floating dtype first");
        }
        return dtype;
    }
}
