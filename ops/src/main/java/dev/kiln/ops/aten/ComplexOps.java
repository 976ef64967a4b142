package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Complex tensors and their parts, and Fourier transforms along one dimension of the parts. */
public final class ComplexOps {
    public static final String TRANSFORM = "kiln.fft.default";
    public static final String OF_REALS = "kiln.fft_real.default";
    public static final String TO_REALS = "kiln.fft_to_real.default";

    private ComplexOps() {
    }

    static void register(Registry r) {
        r.op("view_as_real.default(Tensor self) -> Tensor", OpKind.VIEW, ShapeFunction.single(ComplexOps::parts));
        r.op("view_as_complex.default(Tensor self) -> Tensor", OpKind.VIEW, ShapeFunction.single(ComplexOps::whole));
        // self: [.., 2]; table: [2 n, 2], the 2n-th roots of unity, clockwise
        r.internal("fft.default(Tensor self, Tensor table, int dim, bool inverse) -> Tensor", OpKind.SEQUENTIAL,
            ShapeFunction.single(a -> transformed(a, pairs(a, a.tensor(0)))));
        r.internal("fft_real.default(Tensor self, Tensor table, int dim) -> Tensor", OpKind.SEQUENTIAL,
            ShapeFunction.single(ComplexOps::ofReals));
        r.internal("fft_to_real.default(Tensor self, Tensor table, int dim, SymInt size) -> Tensor", OpKind.SEQUENTIAL,
            ShapeFunction.single(a -> transformed(a, toReals(a))));
    }

    private static FakeTensor parts(OpArgs a) {
        FakeTensor self = a.tensor(0);
        if (!self.dtype().isComplex()) {
            throw a.error("a complex tensor expected, got " + self);
        }
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        sizes.add(SymInt.of(2));
        return FakeTensor.contiguous(self.dtype().part(), sizes);
    }

    private static FakeTensor whole(OpArgs a) {
        FakeTensor self = a.tensor(0);
        boolean fits = self.dtype() == DType.F32 || self.dtype() == DType.F64;
        if (!fits || self.rank() == 0 || !self.sizes().getLast().is(2)) {
            throw a.error("a tensor of f32 or f64 with a last dimension of 2 expected, got " + self);
        }
        return FakeTensor.contiguous(self.dtype().complex(), self.sizes().subList(0, self.rank() - 1));
    }

    private static List<SymInt> pairs(OpArgs a, FakeTensor self) {
        if (self.rank() < 2 || !self.sizes().getLast().is(2)) {
            throw a.error("pairs of real and imaginary parts expected, got " + self);
        }
        return self.sizes();
    }

    private static FakeTensor transformed(OpArgs a, List<SymInt> sizes) {
        FakeTensor self = a.tensor(0);
        if (self.dtype() != DType.F32 && self.dtype() != DType.F64 || a.tensor(1).dtype() != self.dtype()) {
            throw a.error("f32 or f64 expected, got " + self + " and a table of " + a.tensor(1).dtype());
        }
        return FakeTensor.contiguous(self.dtype(), sizes);
    }

    private static FakeTensor ofReals(OpArgs a) {
        List<SymInt> sizes = new ArrayList<>(a.tensor(0).sizes());
        int dim = a.dim(2, sizes.size());
        sizes.set(dim, sizes.get(dim).floorDiv(SymInt.of(2)).plus(1));
        sizes.add(SymInt.of(2));
        return transformed(a, sizes);
    }

    private static List<SymInt> toReals(OpArgs a) {
        List<SymInt> sizes = new ArrayList<>(pairs(a, a.tensor(0)));
        sizes.removeLast();
        sizes.set(a.dim(2, sizes.size()), a.size(3));
        return sizes;
    }
}
