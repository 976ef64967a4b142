package dev.kiln.pipeline.function;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;

/**
 * What a variant assumes of a tensor: dtype, rank, layout, whether gradients flow to it, and the sizes that are not open.
 *
 * @param strides of a tensor that is not contiguous, all of whose sizes are fixed; null for a contiguous one
 */
record TensorGuard(String name, DType dtype, long[] sizes, Set<Integer> open, long[] strides, boolean requiresGrad) {

    static TensorGuard of(String name, dev.kiln.tensor.Tensor tensor, Set<Integer> open) {
        Tensor value = tensor.value();
        return new TensorGuard(name, value.dtype(), value.shape(), open, value.isContiguous() ? null : value.strides(),
            tensor.requires_grad());
    }

    /** The first difference, in words. */
    Optional<String> mismatch(dev.kiln.tensor.Tensor tensor) {
        Tensor value = tensor.value();
        if (value.dtype() != dtype) {
            return differs("dtype", dtype, value.dtype());
        }
        if (value.rank() != sizes.length) {
            return differs("number of dimensions", sizes.length, value.rank());
        }
        for (int d = 0; d < sizes.length; d++) {
            boolean fits = open.contains(d) ? value.size(d) > 1 : value.size(d) == sizes[d];
            if (!fits) {
                return differs("size(" + d + ")", sizes[d], value.size(d));
            }
        }
        if (tensor.requires_grad() != requiresGrad) {
            return differs("requires_grad", requiresGrad, tensor.requires_grad());
        }
        boolean sameLayout = strides == null ? value.isContiguous() : Arrays.equals(strides, value.strides());
        return sameLayout ? Optional.empty()
            : differs("strides", strides == null ? "contiguous" : Arrays.toString(strides), Arrays.toString(value.strides()));
    }

    private Optional<String> differs(String what, Object was, Object is) {
        return Optional.of(name + ": " + what + " was " + was + ", is " + is);
    }
}
