package dev.kiln.bench.gemm;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Random tensors; whole numbers of the full range for integers, else evenly distributed around {@code middle}. */
record Values(DType dtype, double middle, double spread, long... sizes) {

    static Values of(DType dtype, long... sizes) {
        return new Values(dtype, 0, 1, sizes);
    }

    /** Positive: scales. */
    static Values scales(DType dtype, long... sizes) {
        return new Values(dtype, 0.02, 0.01, sizes);
    }

    List<Long> shape() {
        return Arrays.stream(sizes).boxed().toList();
    }

    long bytes() {
        return Arrays.stream(sizes).reduce(1, (a, b) -> a * b) * dtype.bytes();
    }

    ConstantValue draw(long seed) {
        ConstantValue value = new ConstantValue(dtype, shape(), Tensor.allocate(dtype, sizes).data());
        SplittableRandom random = new SplittableRandom(seed);
        for (long i = 0; i < value.numel(); i++) {
            switch (dtype) {
                case I8 -> value.set(i, (long) random.nextInt(-128, 128));
                case U8 -> value.set(i, (long) random.nextInt(256));
                default -> value.set(i, middle + spread * random.nextDouble(-1, 1));
            }
        }
        return value;
    }
}
