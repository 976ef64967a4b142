package dev.kiln.frontend;

import dev.kiln.kernels.runtime.Tensor;
import java.util.Arrays;
import java.util.Optional;

/** Compares tensors: dtype, sizes, and values to a relative 1e-4 and absolute 1e-5. */
final class Close {
    private Close() {
    }

    static Optional<String> difference(Tensor expected, Tensor actual) {
        if (expected.dtype() != actual.dtype() || !Arrays.equals(expected.shape(), actual.shape())) {
            return Optional.of(expected + " expected, got " + actual);
        }
        boolean complex = expected.dtype().isComplex();
        double[] a = (complex ? expected.parts() : expected).toDoubleArray();
        double[] b = (complex ? actual.parts() : actual).toDoubleArray();
        for (int i = 0; i < a.length; i++) {
            boolean same = a[i] == b[i] || Double.isNaN(a[i]) && Double.isNaN(b[i])
                || Math.abs(a[i] - b[i]) <= 1e-5 + 1e-4 * Math.abs(a[i]);
            if (!same) {
                return Optional.of(expected + " element " + i + " is " + a[i] + ", got " + b[i]);
            }
        }
        return Optional.empty();
    }
}
