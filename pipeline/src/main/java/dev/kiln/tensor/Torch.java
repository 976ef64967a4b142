package dev.kiln.tensor;

import dev.kiln.ops.DType;
import dev.kiln.stages.trace.function.FunctionalTrace;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/**
 * What PyTorch has in its module {@code torch}: tensors made of sizes, and functions of several tensors. Sizes are numbers
 * or {@link dev.kiln.ops.shape.SymInt}s; without a dtype, tensors are f32.
 */
public final class Torch {
    /** In {@link Tensor#index}: all dimensions that no other index takes. */
    public static final Object ELLIPSIS = new Object() {
        @Override
        public String toString() {
            return "...";
        }
    };

    private Torch() {
    }

    /** Values of the program: memory, or in a trace a constant that later ops may change. */
    static Tensor given(dev.kiln.kernels.runtime.Tensor value) {
        return TraceSession.current().map(s -> Tensor.of(s.trace().constant(InterpreterValues.constant(value))))
            .orElseGet(() -> Tensor.of(value));
    }

    public static Tensor zeros(Object... size) {
        return zeros(DType.F32, size);
    }

    public static Tensor zeros(DType dtype, Object... size) {
        return Dispatch.call("aten.zeros.default", Sizes.list(size), dtype);
    }

    public static Tensor ones(Object... size) {
        return ones(DType.F32, size);
    }

    public static Tensor ones(DType dtype, Object... size) {
        return Dispatch.call("aten.ones.default", Sizes.list(size), dtype);
    }

    /** Filled with one value. */
    public static Tensor full(DType dtype, Number value, Object... size) {
        return Dispatch.call("aten.full.default", Sizes.list(size), value, dtype);
    }

    public static Tensor zeros_like(Tensor self) {
        return Dispatch.call("aten.zeros_like.default", self);
    }

    public static Tensor ones_like(Tensor self) {
        return Dispatch.call("aten.ones_like.default", self);
    }

    public static Tensor full_like(Tensor self, Number value) {
        return Dispatch.call("aten.full_like.default", self, value);
    }

    /** i64: 0, 1, ... up to, but without, {@code end}, a number or a SymInt. */
    public static Tensor arange(Object end) {
        return Dispatch.call("aten.arange.default", Sizes.list(end).getFirst());
    }

    /** From {@code start} in steps up to, but without, {@code end}. */
    public static Tensor arange(Number start, Number end, Number step, DType dtype) {
        return Dispatch.call("aten.arange.start_step", start, end, step, dtype);
    }

    /** f32: {@code steps} numbers at equal distances, both ends included. */
    public static Tensor linspace(Number start, Number end, int steps) {
        return Dispatch.call("aten.linspace.default", start, end, steps, DType.F32);
    }

    public static Tensor eye(int n) {
        return Dispatch.call("aten.eye.default", n, DType.F32);
    }

    /** f32 from the standard normal distribution, by a seed: always the same numbers. */
    public static Tensor randn(long seed, long... size) {
        return new Generator(seed).normal(0, 1, size);
    }

    /** f32 from [0, 1), by a seed: always the same numbers. */
    public static Tensor rand(long seed, long... size) {
        return new Generator(seed).uniform(0, 1, size);
    }

    /** i64 from {@code low} to {@code high}, the latter excluded, by a seed: always the same numbers. */
    public static Tensor randint(long seed, long low, long high, long... size) {
        return new Generator(seed).integers(low, high, size);
    }

    /** Joined along a dimension. */
    public static Tensor cat(List<Tensor> tensors, int dim) {
        return Dispatch.call("aten.cat.default", tensors, dim);
    }

    /** Joined along a new dimension. */
    public static Tensor stack(List<Tensor> tensors, int dim) {
        return Dispatch.call("aten.stack.default", tensors, dim);
    }

    /** {@code self} where the condition holds, else {@code other}; sizes are broadcast. */
    public static Tensor where(Tensor condition, Tensor self, Tensor other) {
        return Dispatch.call("aten.where.self", condition, self, other);
    }

    /** A sum of products in Einstein's notation, {@code bij,bjk->bik} for example. */
    public static Tensor einsum(String equation, Tensor... tensors) {
        return Dispatch.call("aten.einsum.default", equation, Arrays.asList(tensors));
    }

    public static List<Tensor> meshgrid(List<Tensor> tensors, String indexing) {
        return Dispatch.callAll("aten.meshgrid.indexing", tensors, indexing);
    }

    public static List<Tensor> broadcast_tensors(Tensor... tensors) {
        return Dispatch.callAll("aten.broadcast_tensors.default", Arrays.asList(tensors));
    }

    /**
     * Runs a part of a function whose results take no part in gradients. A tensor that requires a gradient may be changed
     * in it, but not be used with gradients afterwards in the same function.
     */
    public static <T> T no_grad(Supplier<T> body) {
        if (TraceSession.current().isEmpty()) {
            return body.get();
        }
        FunctionalTrace trace = TraceSession.current().get().trace();
        boolean before = trace.gradMode();
        trace.gradMode(false);
        try {
            return body.get();
        } finally {
            trace.gradMode(before);
        }
    }

    /** As {@link #no_grad(Supplier)}, without a result. */
    public static void no_grad(Runnable body) {
        no_grad(() -> {
            body.run();
            return null;
        });
    }
}
