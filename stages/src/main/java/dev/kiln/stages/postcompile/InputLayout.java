package dev.kiln.stages.postcompile;

import dev.kiln.cache.CompiledGraph.TensorSpec;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** How the code expects an input in memory: dense, or by fixed strides. Inputs that lie otherwise are copied. */
final class InputLayout {
    /** Null if dense. */
    private final long[] strides;

    private InputLayout(long[] strides) {
        this.strides = strides;
    }

    static List<InputLayout> of(List<TensorSpec> inputs) {
        List<InputLayout> layouts = new ArrayList<>();
        for (TensorSpec input : inputs) {
            layouts.add(of(input));
        }
        return layouts;
    }

    private static InputLayout of(TensorSpec input) {
        List<SymInt> sizes = CallSignature.parse(input.sizes());
        List<SymInt> strides = CallSignature.parse(input.strides());
        if (strides.equals(FakeTensor.contiguousStrides(sizes))) {
            return new InputLayout(null);
        }
        long[] fixed = new long[strides.size()];
        for (int d = 0; d < fixed.length; d++) {
            if (!strides.get(d).isConstant()) {
                throw new IllegalStateException("input " + input.name() + " has strides " + strides
                    + "; only dense inputs may have symbolic ones");
            }
            fixed[d] = strides.get(d).asLong();
        }
        return new InputLayout(fixed);
    }

    /** The tensor's memory as the code expects it. */
    MemorySegment memory(Tensor tensor) {
        if (strides == null) {
            Tensor dense = tensor.isContiguous() ? tensor : tensor.contiguous();
            return dense.data().isNative() ? dense.data() : dense.copyTo(Arena.ofAuto()).data();
        }
        if (Arrays.equals(strides, tensor.strides())) {
            return tensor.data().isNative() ? tensor.data()
                : Arena.ofAuto().allocate(Math.max(1, tensor.data().byteSize()), Tensor.ALIGNMENT)
                    .copyFrom(tensor.data());
        }
        return rearranged(tensor);
    }

    private MemorySegment rearranged(Tensor tensor) {
        long[] shape = tensor.shape();
        long span = 1;
        for (int d = 0; d < shape.length; d++) {
            span += Math.max(0, shape[d] - 1) * strides[d];
        }
        MemorySegment to = Arena.ofAuto().allocate(span * tensor.dtype().bytes(), Tensor.ALIGNMENT);
        if (tensor.numel() > 0) {
            copy(tensor, shape, 0, 0, 0, to);
        }
        return to;
    }

    private void copy(Tensor from, long[] shape, int dim, long source, long target, MemorySegment to) {
        long bytes = from.dtype().bytes();
        if (dim == shape.length) {
            MemorySegment.copy(from.data(), source * bytes, to, target * bytes, bytes);
            return;
        }
        for (long i = 0; i < shape[dim]; i++) {
            copy(from, shape, dim + 1, source + i * from.stride(dim), target + i * strides[dim], to);
        }
    }
}
