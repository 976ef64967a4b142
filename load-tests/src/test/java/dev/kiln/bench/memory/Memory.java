package dev.kiln.bench.memory;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;

/** Where the tensors of this benchmark lie, whoever works on them: what Kiln gives to results of that size. */
final class Memory {
    private Memory() {
    }

    static ConstantValue allocate(DType dtype, List<Long> sizes) {
        long[] shape = sizes.stream().mapToLong(Long::longValue).toArray();
        return new ConstantValue(dtype, sizes, Tensor.allocate(dtype, shape).data());
    }
}
