package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Random tensors with the values that break things: zeros, signs, halves, NaN, infinities, extreme integers.
 */
final class SampleValues {
    /** What an operand may hold. */
    enum Range {
        /** Everything. */
        ANY,
        /** Numbers of moderate size, now and then a NaN or an infinity. */
        MODERATE,
        /** As {@code MODERATE}, with integers from {@code ANY}. */
        WIDE,
        /** Finite numbers of moderate size. */
        FINITE,
        /** No zero, and no -1: the least integer over it overflows. */
        DIVISOR,
        /** From 0 to 5. */
        SMALL,
        /** From -1 to a little over 64. */
        SHIFT,
        /** Above zero. */
        POSITIVE,
        /** From 0 to 1. */
        UNIT,
        /** Finite numbers, most of them between -1 and 1, for derivatives. */
        SMOOTH,
        /** Halves from -2 to 2: ties, zeros and bounds are frequent. */
        COARSE
    }

    private static final double[] SPECIAL = {0, -0.0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 3.5, 20.5, -100,
        Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, 1e30, -1e30, 1e-30};

    private SampleValues() {
    }

    static ConstantValue tensor(Random random, DType dtype, List<Long> sizes, Range range) {
        ConstantValue value = ConstantValue.allocate(dtype, sizes);
        for (long i = 0; i < value.numel(); i++) {
            if (dtype.isFloating()) {
                value.set(i, real(random, range));
            } else {
                value.set(i, integer(random, dtype, range));
            }
        }
        return value;
    }

    /** Both parts are drawn like numbers of the dtype that the complex one is made of. */
    static ConstantValue complex(Random random, DType dtype, List<Long> sizes, Range range) {
        DType parts = dtype == DType.F64 ? DType.F64 : DType.F32;
        List<Long> pairs = new ArrayList<>(sizes);
        pairs.add(2L);
        return tensor(random, parts, pairs, range).view(parts.complex(), sizes);
    }

    /** Finite values that rise along the last dimension, or stay. */
    static ConstantValue sorted(Random random, DType dtype, List<Long> sizes) {
        ConstantValue value = ConstantValue.allocate(dtype, sizes);
        double last = 0;
        for (long i = 0; i < value.numel(); i++) {
            last = i % sizes.getLast() == 0 ? random.nextInt(3) : last + random.nextInt(3);
            value.set(i, last);
        }
        return value;
    }

    /** Integers from low (inclusive) to high (exclusive). */
    static ConstantValue indices(Random random, DType dtype, List<Long> sizes, long low, long high) {
        ConstantValue value = ConstantValue.allocate(dtype, sizes);
        for (long i = 0; i < value.numel(); i++) {
            value.set(i, random.nextLong(low, high));
        }
        return value;
    }

    private static double real(Random random, Range range) {
        return switch (range) {
            case ANY -> random.nextInt(4) == 0 ? SPECIAL[random.nextInt(SPECIAL.length)]
                : 3 * random.nextGaussian();
            case MODERATE, WIDE -> random.nextInt(40) == 0 ? SPECIAL[12 + random.nextInt(3)]
                : 2 * random.nextGaussian();
            case FINITE -> 3 * random.nextGaussian();
            case DIVISOR -> (random.nextBoolean() ? 1 : -1) * (0.25 + random.nextDouble() * 8);
            case SMALL -> random.nextDouble() * 5;
            case SHIFT -> random.nextInt(66);
            case POSITIVE -> 0.05 + 2 * random.nextDouble();
            case UNIT -> random.nextDouble();
            case SMOOTH -> (random.nextInt(4) == 0 ? 3 : 0.7) * random.nextGaussian();
            case COARSE -> (random.nextInt(9) - 4) / 2.0;
        };
    }

    private static long integer(Random random, DType dtype, Range range) {
        if (dtype == DType.BOOL) {
            return range == Range.DIVISOR ? 1 : random.nextInt(2);
        }
        return switch (range) {
            case ANY, WIDE -> random.nextInt(5) == 0 ? extreme(random, dtype) : random.nextInt(-10, 11);
            case MODERATE, FINITE, SMOOTH, COARSE -> random.nextInt(-10, 11);
            case DIVISOR -> dtype == DType.U8 || random.nextBoolean() ? random.nextInt(1, 9)
                : random.nextInt(-9, -1);
            case SMALL -> random.nextInt(6);
            case SHIFT -> random.nextInt(-1, 68);
            case POSITIVE -> random.nextInt(1, 10);
            case UNIT -> random.nextInt(2);
        };
    }

    private static long extreme(Random random, DType dtype) {
        int bits = 8 * dtype.bytes();
        boolean low = random.nextBoolean();
        return dtype == DType.U8 ? (low ? 0 : 255) : low ? -1L << (bits - 1) : -1L >>> (65 - bits);
    }
}
