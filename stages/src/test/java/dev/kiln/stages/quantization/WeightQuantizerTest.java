package dev.kiln.stages.quantization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.DType;
import dev.kiln.ops.aten.LowPrecisionProducts;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.Precision;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is read back from a rounded weight: by multiplying a unit matrix with it, as the ops define that. */
class WeightQuantizerTest {
    private static ConstantMatrix matrix(long k, long n, boolean transposed) {
        Random random = new Random(k * 31 + n);
        ConstantValue value = ConstantValue.allocate(DType.F32, transposed ? List.of(n, k) : List.of(k, n));
        for (long i = 0; i < value.numel(); i++) {
            value.set(i, 0.3 * random.nextGaussian() + 0.1);
        }
        return new ConstantMatrix("w", value, transposed);
    }

    private static double at(ConstantMatrix m, long k, long n) {
        return m.value().doubleAt(m.transposed() ? n * m.k() + k : k * m.n() + n);
    }

    /** [K, N] as the ops see it. */
    private static ConstantValue readBack(QuantizedWeight weight, long k) {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        ConstantValue unit = ConstantValue.allocate(DType.F32, List.of(k, k));
        for (long i = 0; i < k; i++) {
            unit.set(i * k + i, 1.0);
        }
        Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(DType.F32, k, k));
        g.output("y", switch (weight) {
            case QuantizedWeight.Int8(var values, var scales, double ignored) ->
                g.call(LowPrecisionProducts.INT8_WEIGHT, x, g.constant("w", values), g.constant("s", scales));
            case QuantizedWeight.Int4(var values, int group, var parameters, double ignored) ->
                g.call(LowPrecisionProducts.INT4_WEIGHT, x, g.constant("w", values), group, g.constant("s", parameters));
            case QuantizedWeight.Rounded(var values, double ignored) ->
                g.call("aten.mm.default", x, g.call("aten._to_copy.default", g.constant("w", values), DType.F32));
        });
        return Interpreter.run(g.build(), Map.of("x", unit)).get("y");
    }

    @ParameterizedTest
    @CsvSource({"INT8_WOQ, false", "INT8_WOQ, true", "INT4_WOQ, false", "INT4_WOQ, true", "BF16, false"})
    void staysWithinHalfAStep(Precision precision, boolean transposed) {
        ConstantMatrix original = matrix(192, 40, transposed);
        QuantizedWeight rounded = WeightQuantizer.quantize(original, precision);
        ConstantValue back = readBack(rounded, 192);
        double signal = 0;
        double noise = 0;
        for (long n = 0; n < 40; n++) {
            for (long k = 0; k < 192; k++) {
                double expected = at(original, k, n);
                double actual = back.doubleAt(k * 40 + n);
                assertThat(actual).isCloseTo(expected, within(halfStep(rounded, original, k, n) * 1.001 + 1e-7));
                signal += expected * expected;
                noise += (actual - expected) * (actual - expected);
            }
        }
        assertThat(rounded.decibel()).isCloseTo(10 * Math.log10(signal / noise), within(0.05));
    }

    private static double halfStep(QuantizedWeight rounded, ConstantMatrix original, long k, long n) {
        return switch (rounded) {
            case QuantizedWeight.Int8(var values, var scales, double ignored) -> scales.doubleAt(n) / 2;
            case QuantizedWeight.Int4(var values, int group, var parameters, double ignored) ->
                parameters.doubleAt((k / group * original.n() + n) * 2) / 2;
            case QuantizedWeight.Rounded ignored -> Math.abs(at(original, k, n)) / 256;
        };
    }

    @Test
    void takesTheLargestGroupThatDividesTheDepth() {
        assertThat(groupOf(256)).isEqualTo(128);
        assertThat(groupOf(192)).isEqualTo(64);
        assertThat(groupOf(160)).isEqualTo(32);
    }

    private static int groupOf(long depth) {
        return ((QuantizedWeight.Int4) WeightQuantizer.quantize(matrix(depth, 32, true), Precision.INT4_WOQ)).group();
    }

    @ParameterizedTest
    @ValueSource(strings = {"INT8_WOQ", "INT4_WOQ"})
    void keepsEqualNumbersExactly(Precision precision) {
        ConstantValue same = ConstantValue.allocate(DType.F32, List.of(64L, 64L));
        for (long i = 0; i < same.numel(); i++) {
            same.set(i, i / 64 % 2 == 0 ? 0.0 : 0.3);
        }
        ConstantMatrix matrix = new ConstantMatrix("w", same, true);
        QuantizedWeight rounded = WeightQuantizer.quantize(matrix, precision);
        ConstantValue back = readBack(rounded, 64);
        for (long i = 0; i < back.numel(); i++) {
            assertThat(back.doubleAt(i)).isCloseTo(at(matrix, i / 64, i % 64), within(1e-6));
        }
        assertThat(rounded.decibel()).isGreaterThan(120);
    }

    @Test
    void saysWhyAWeightStays() {
        assertThat(WeightQuantizer.whyNot(matrix(64, 64, false), Precision.INT8_WOQ)).isEmpty();
        assertThat(WeightQuantizer.whyNot(matrix(512, 8, false), Precision.INT8_WOQ)).contains("it is small");
        assertThat(WeightQuantizer.whyNot(matrix(16, 1024, false), Precision.BF16)).contains("it is small");
        assertThat(WeightQuantizer.whyNot(matrix(100, 100, false), Precision.INT4_WOQ))
            .contains("groups of 32 inputs do not divide 100");
        assertThat(WeightQuantizer.whyNot(matrix(100, 100, false), Precision.INT8_WOQ)).isEmpty();
        ConstantMatrix broken = matrix(64, 64, true);
        broken.value().set(77, Double.NaN);
        assertThat(WeightQuantizer.whyNot(broken, Precision.BF16)).contains("its weight has infinities or NaN");
        ConstantValue half = ConstantValue.allocate(DType.F16, List.of(64L, 64L));
        assertThat(WeightQuantizer.whyNot(new ConstantMatrix("w", half, true), Precision.BF16)).contains("its weight is f16");
    }
}
