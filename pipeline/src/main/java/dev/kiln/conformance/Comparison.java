package dev.kiln.conformance;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import java.util.Arrays;
import java.util.Optional;

/**
 * Compares outputs as ONNX's backend tests do. Floating types must satisfy
 * {@code |actual - expected| <= absolute + relative * |expected|}, where NaN equals NaN and infinities equal
 * themselves; others must be equal.
 */
public record Comparison(double relative, double absolute) {
    /** Between neighbours: the test data cuts bits off where rounding is to the nearest. */
    private static final double BF16_STEP = 1.0 / 128;
    public static final Comparison DEFAULT = new Comparison(1e-3, 1e-5);

    /** What differs; empty if nothing does. */
    public Optional<String> difference(String name, Tensor expected, Tensor actual) {
        if (!isAlike(expected, actual)) {
            return Optional.of("output '" + name + "' is " + actual + ", expected " + expected);
        }
        Comparison comparison = expected.dtype() == DType.BF16
            ? new Comparison(Math.max(relative, BF16_STEP), absolute) : this;
        return expected.dtype().isFloating()
            ? comparison.floating(name, expected.toDoubleArray(), actual.toDoubleArray())
            : integral(name, expected.toLongArray(), actual.toLongArray());
    }

    /** Whether type and shape are equal. */
    static boolean isAlike(Tensor expected, Tensor actual) {
        return expected.dtype() == actual.dtype() && Arrays.equals(expected.shape(), actual.shape());
    }

    private Optional<String> floating(String name, double[] expected, double[] actual) {
        for (int i = 0; i < expected.length; i++) {
            if (!close(expected[i], actual[i])) {
                return Optional.of("output '" + name + "'[" + i + "] is " + actual[i] + ", expected "
                    + expected[i]);
            }
        }
        return Optional.empty();
    }

    private boolean close(double expected, double actual) {
        if (Double.isNaN(expected) || Double.isInfinite(expected)) {
            return Double.compare(expected, actual) == 0;
        }
        return Math.abs(actual - expected) <= absolute + relative * Math.abs(expected);
    }

    private static Optional<String> integral(String name, long[] expected, long[] actual) {
        int at = Arrays.mismatch(expected, actual);
        return at < 0 ? Optional.empty()
            : Optional.of("output '" + name + "'[" + at + "] is " + actual[at] + ", expected "
                + expected[at]);
    }
}
