package dev.kiln.tensor;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.graph.ConstantValue;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;

/** Tensors in memory as the interpreter's values and back. */
public final class InterpreterValues {
    private InterpreterValues() {
    }

    public static ConstantValue constant(Tensor tensor) {
        Tensor dense = tensor.contiguous();
        List<Long> sizes = Arrays.stream(dense.shape()).boxed().toList();
        return new ConstantValue(dense.dtype(), sizes, dense.data().asSlice(0, dense.numel() * dense.dtype().bytes()));
    }

    /** In memory of its own: the interpreter gives back an input's where values do not change. */
    public static Tensor tensor(ConstantValue value) {
        return Tensor.of(value.data(), value.dtype(), value.sizes().stream().mapToLong(Long::longValue).toArray())
            .copyTo(Arena.ofAuto());
    }
}
