package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How far a floating result may be from libtorch's: {@code |a - b| <= absolute + relative |b|}. Integers are
 * exact.
 */
record Tolerance(double absolute, double relative) {

    static Tolerance of(DType dtype) {
        return switch (dtype) {
            case C128 -> of(DType.F64);
            case C64 -> of(DType.F32);
            case F64 -> new Tolerance(1e-12, 1e-11);
            case F32 -> new Tolerance(2e-6, 4e-6);
            case F16 -> new Tolerance(2e-3, 4e-3);
            case BF16 -> new Tolerance(1e-2, 2e-2);
            default -> new Tolerance(0, 0);
        };
    }

    Tolerance times(double factor) {
        return new Tolerance(absolute * factor, relative * factor);
    }

    /** What differs, if anything. */
    Optional<String> mismatch(ConstantValue expected, ConstantValue actual) {
        if (expected.dtype() != actual.dtype() || !expected.sizes().equals(actual.sizes())) {
            return Optional.of("libtorch gives " + expected.dtype() + expected.sizes() + ", Kiln gives "
                + actual.dtype() + actual.sizes());
        }
        if (expected.dtype().isComplex()) {
            return mismatch(parts(expected), parts(actual));
        }
        for (long i = 0; i < expected.numel(); i++) {
            boolean same = expected.dtype().isFloating() ? close(expected.doubleAt(i), actual.doubleAt(i))
                : expected.longAt(i) == actual.longAt(i);
            if (!same) {
                return Optional.of("at index " + i + " libtorch has " + element(expected, i) + ", Kiln has "
                    + element(actual, i));
            }
        }
        return Optional.empty();
    }

    static ConstantValue parts(ConstantValue complex) {
        List<Long> sizes = new ArrayList<>(complex.sizes());
        sizes.add(2L);
        return complex.view(complex.dtype().part(), sizes);
    }

    private boolean close(double expected, double actual) {
        return expected == actual || (Double.isNaN(expected) && Double.isNaN(actual))
            || Math.abs(expected - actual) <= absolute + relative * Math.abs(expected)
                && Double.isFinite(expected);
    }

    private static String element(ConstantValue value, long index) {
        return value.dtype().isFloating() ? Double.toString(value.doubleAt(index))
            : Long.toString(value.longAt(index));
    }
}
