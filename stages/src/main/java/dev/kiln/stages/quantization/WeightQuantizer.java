package dev.kiln.stages.quantization;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.LowPrecisionProducts;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.Precision;
import dev.kiln.stages.quantization.QuantizedWeight.Int4;
import dev.kiln.stages.quantization.QuantizedWeight.Int8;
import dev.kiln.stages.quantization.QuantizedWeight.Rounded;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.DoubleAdder;

/** Rounds constant weights to fewer bits. */
public final class WeightQuantizer {
    /** Numbers in a weight; with fewer, nothing is gained. */
    private static final long SMALLEST = 4096;
    private static final long FEWEST_COLUMNS = 16;
    private static final long SHALLOWEST = 32;
    private static final List<Integer> GROUPS = List.of(128, 64, 32);
    private static final int LEVELS = 15;
    private static final float LARGEST = 127;

    private WeightQuantizer() {
    }

    /** Why a weight stays as it is; empty if it can be changed. */
    public static Optional<String> whyNot(ConstantMatrix weight, Precision precision) {
        if (precision == Precision.FP32) {
            return Optional.of("the precision is fp32");
        }
        if (weight.value().dtype() != DType.F32) {
            return Optional.of("its weight is " + weight.value().dtype());
        }
        if (weight.k() * weight.n() < SMALLEST || weight.n() < FEWEST_COLUMNS || weight.k() < SHALLOWEST) {
            return Optional.of("it is small");
        }
        if (precision == Precision.INT4_WOQ && group(weight).isEmpty()) {
            return Optional.of("groups of 32 inputs do not divide " + weight.k());
        }
        return isFinite(weight.value()) ? Optional.empty() : Optional.of("its weight has infinities or NaN");
    }

    private static Optional<Integer> group(ConstantMatrix weight) {
        return GROUPS.stream().filter(g -> weight.k() % g == 0).findFirst();
    }

    private static boolean isFinite(ConstantValue value) {
        for (long i = 0; i < value.numel(); i++) {
            if (!Float.isFinite(value.data().getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i))) {
                return false;
            }
        }
        return true;
    }

    /** The weight in a precision that {@link #whyNot} has nothing against. */
    public static QuantizedWeight quantize(ConstantMatrix weight, Precision precision) {
        return switch (precision) {
            case FP32 -> throw new IllegalArgumentException("nothing to change");
            case BF16 -> bf16(weight);
            case INT8_WOQ -> int8(weight);
            case INT4_WOQ -> int4(weight, group(weight).orElseThrow());
        };
    }

    /** Sums of squares over all of a weight. */
    private static final class Power {
        private final DoubleAdder signal = new DoubleAdder();
        private final DoubleAdder noise = new DoubleAdder();

        void add(double squares, double errors) {
            signal.add(squares);
            noise.add(errors);
        }

        double decibel() {
            return noise.sum() == 0 ? Double.POSITIVE_INFINITY : 10 * Math.log10(signal.sum() / noise.sum());
        }
    }

    private static Rounded bf16(ConstantMatrix weight) {
        ConstantValue original = weight.value();
        ConstantValue rounded = ConstantValue.allocate(DType.BF16, original.sizes());
        double squares = 0;
        double errors = 0;
        for (long i = 0; i < rounded.numel(); i++) {
            double value = original.doubleAt(i);
            rounded.set(i, value);
            double error = value - rounded.doubleAt(i);
            squares += value * value;
            errors += error * error;
        }
        Power power = new Power();
        power.add(squares, errors);
        return new Rounded(rounded, power.decibel());
    }

    /** Symmetric: the largest number of an output becomes 127. */
    private static Int8 int8(ConstantMatrix matrix) {
        WeightRows rows = WeightRows.of(matrix);
        ConstantValue values = ConstantValue.allocate(DType.I8, List.of(matrix.n(), matrix.k()));
        ConstantValue scales = ConstantValue.allocate(DType.F32, List.of(matrix.n()));
        Power power = new Power();
        rows.forEach((row, line) -> {
            float largest = 0;
            for (float x : line) {
                largest = Math.max(largest, Math.abs(x));
            }
            float scale = largest / LARGEST;
            scales.set(row, (double) scale);
            double squares = 0;
            double errors = 0;
            for (int k = 0; k < line.length; k++) {
                long q = scale == 0 ? 0 : (long) Math.rint(Math.clamp(line[k] / scale, -LARGEST, LARGEST));
                values.set((long) row * line.length + k, q);
                double error = line[k] - q * (double) scale;
                squares += (double) line[k] * line[k];
                errors += error * error;
            }
            power.add(squares, errors);
        });
        return new Int8(values, scales, power.decibel());
    }

    /** The least number of a group becomes 0, the largest 15. */
    private static Int4 int4(ConstantMatrix matrix, int group) {
        WeightRows rows = WeightRows.of(matrix);
        long n = matrix.n();
        ConstantValue values = ConstantValue.allocate(DType.U8, List.of(n, matrix.k() / 2));
        ConstantValue parameters = ConstantValue.allocate(DType.F32, List.of(matrix.k() / group, n, 2L));
        Power power = new Power();
        rows.forEach((row, line) -> {
            for (int start = 0; start < line.length; start += group) {
                long at = (start / group * n + row) * 2;
                group(line, start, group, values, (long) row * line.length, parameters, at, power);
            }
        });
        return new Int4(values, group, parameters, power.decibel());
    }

    private static void group(float[] line, int start, int group, ConstantValue values, long rowStart,
            ConstantValue parameters, long at, Power power) {
        float low = Float.POSITIVE_INFINITY;
        float high = Float.NEGATIVE_INFINITY;
        for (int k = start; k < start + group; k++) {
            low = Math.min(low, line[k]);
            high = Math.max(high, line[k]);
        }
        float scale = (high - low) / LEVELS;
        float zero = low + LowPrecisionProducts.INT4_MIDDLE * scale;
        parameters.set(at, (double) scale);
        parameters.set(at + 1, (double) zero);
        double squares = 0;
        double errors = 0;
        for (int k = start; k < start + group; k += 2) {
            long first = level(line[k], low, scale);
            long second = level(line[k + 1], low, scale);
            values.set((rowStart + k) / 2, first | second << 4);
            double e0 = line[k] - ((first - LowPrecisionProducts.INT4_MIDDLE) * (double) scale + zero);
            double e1 = line[k + 1] - ((second - LowPrecisionProducts.INT4_MIDDLE) * (double) scale + zero);
            squares += (double) line[k] * line[k] + (double) line[k + 1] * line[k + 1];
            errors += e0 * e0 + e1 * e1;
        }
        power.add(squares, errors);
    }

    private static long level(float value, float low, float scale) {
        return scale == 0 ? 0 : Math.clamp(Math.round((value - low) / scale), 0, LEVELS);
    }
}
