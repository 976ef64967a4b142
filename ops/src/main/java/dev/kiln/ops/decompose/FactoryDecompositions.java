package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** Tensors of one value, and ranges. An empty tensor has zeros. */
final class FactoryDecompositions {
    private static final String OPTIONS =
        "*, ScalarType? dtype=None, Layout? layout=None, Device? device=None, bool? pin_memory=None";

    private FactoryDecompositions() {
    }

    static void define(Definitions d) {
        sized(d, "zeros.default", 0, "");
        sized(d, "ones.default", 1, "");
        sized(d, "empty.memory_format", 0, ", MemoryFormat? memory_format=None");
        d.op("empty_strided.default(SymInt[] size, SymInt[] stride, " + OPTIONS + ") -> Tensor",
            (e, a) -> e.full(a.sizes(0), 0, a.dtype(2).orElse(DType.F32)));
        d.op("new_empty_strided.default(Tensor self, SymInt[] size, SymInt[] stride, " + OPTIONS + ") -> Tensor",
            (e, a) -> e.full(a.sizes(1), 0, dtype(a, 3)));
        d.op("fill.Tensor(Tensor self, Tensor value) -> Tensor",
            (e, a) -> e.expand(e.cast(Emit.ref(a, 1), a.tensor(0).dtype()), a.tensor(0).sizes()));
        d.op("linspace.default(Scalar start, Scalar end, int steps, " + OPTIONS + ") -> Tensor", (e, a) -> linspace(e, a));
        like(d, "zeros_like", 0);
        like(d, "ones_like", 1);
        like(d, "empty_like", 0);
        created(d, "new_zeros", 0);
        created(d, "new_ones", 1);
        created(d, "new_empty", 0);
        d.op("full_like.default(Tensor self, Scalar fill_value, " + OPTIONS
            + ", MemoryFormat? memory_format=None) -> Tensor",
            (e, a) -> e.full(a.tensor(0).sizes(), a.arg(1), dtype(a, 2)));
        d.op("new_full.default(Tensor self, SymInt[] size, Scalar fill_value, " + OPTIONS + ") -> Tensor",
            (e, a) -> e.full(a.sizes(1), a.arg(2), dtype(a, 3)));
        d.op("fill.Scalar(Tensor self, Scalar value) -> Tensor",
            (e, a) -> e.full(a.tensor(0).sizes(), a.arg(1), a.tensor(0).dtype()));
        d.op("scalar_tensor.default(Scalar s, " + OPTIONS + ") -> Tensor",
            (e, a) -> e.full(List.of(), a.arg(0), a.dtype(1).orElse(DType.F32)));
        d.op("arange.default(Scalar end, " + OPTIONS + ") -> Tensor",
            (e, a) -> e.call("arange.start_step", 0, a.arg(0), 1, a.arg(1)));
        d.op("arange.start(Scalar start, Scalar end, " + OPTIONS + ") -> Tensor",
            (e, a) -> e.call("arange.start_step", a.arg(0), a.arg(1), 1, a.arg(2)));
        d.op("eye.default(SymInt n, " + OPTIONS + ") -> Tensor",
            (e, a) -> eye(e, a.size(0), a.size(0), a.dtype(1).orElse(DType.F32)));
        d.op("eye.m(SymInt n, SymInt m, " + OPTIONS + ") -> Tensor",
            (e, a) -> eye(e, a.size(0), a.size(1), a.dtype(2).orElse(DType.F32)));
    }

    private static void sized(Definitions d, String name, int value, String more) {
        d.op(name + "(SymInt[] size, " + OPTIONS + more + ") -> Tensor",
            (e, a) -> e.full(a.sizes(0), value, a.dtype(1).orElse(DType.F32)));
    }

    private static void like(Definitions d, String name, int value) {
        d.op(name + ".default(Tensor self, " + OPTIONS + ", MemoryFormat? memory_format=None) -> Tensor",
            (e, a) -> e.full(a.tensor(0).sizes(), value, dtype(a, 1)));
    }

    private static void created(Definitions d, String name, int value) {
        d.op(name + ".default(Tensor self, SymInt[] size, " + OPTIONS + ") -> Tensor",
            (e, a) -> e.full(a.sizes(1), value, dtype(a, 2)));
    }

    private static DType dtype(OpArgs a, int position) {
        return a.dtype(position).orElse(a.tensor(0).dtype());
    }

    /** The second half counts back from the end, which is then exact. */
    private static Arg.Ref linspace(Emit e, OpArgs a) {
        long steps = a.integer(2);
        DType dtype = a.dtype(3).orElse(DType.F32);
        DType wide = dtype == DType.F64 ? DType.F64 : DType.F32;
        if (steps < 2) {
            return e.full(List.of(SymInt.of(steps)), a.arg(0), dtype);
        }
        double step = (a.real(1) - a.real(0)) / (steps - 1);
        Arg.Ref at = e.cast(e.call("arange.start_step", 0, steps, 1), wide);
        Arg.Ref up = e.call("add.Scalar", e.mul(at, step), a.real(0));
        Arg.Ref down = e.call("add.Scalar", e.mul(e.call("rsub.Scalar", at, steps - 1), -step), a.real(1));
        return e.cast(e.where(e.call("lt.Scalar", at, steps / 2), up, down), dtype);
    }

    private static Arg.Ref eye(Emit e, SymInt rows, SymInt columns, DType dtype) {
        return e.cast(e.call("eq.Tensor", e.positions(rows, 0, 2), e.positions(columns, 1, 2)), dtype);
    }
}
