package dev.kiln.tensor;

import java.util.Arrays;
import java.util.stream.IntStream;

/** Dimensions as arguments of ops. */
final class Dims {
    private Dims() {
    }

    static long[] of(int... dims) {
        return Arrays.stream(dims).asLongStream().toArray();
    }

    static int[] reversed(Tensor tensor) {
        return IntStream.range(0, tensor.dim()).map(d -> tensor.dim() - 1 - d).toArray();
    }
}
