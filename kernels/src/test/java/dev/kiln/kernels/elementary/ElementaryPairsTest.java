package dev.kiln.kernels.elementary;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.gemm.CompiledC;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** The functions of two arguments other than powers. */
class ElementaryPairsTest {
    private static final int N = 200_000;
    private static final double[] SPECIAL = {0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 2.5, 5e-324, -5e-324,
        1e-310, 0x1p-1022, 0x1p-149, -0x1p-149, 0x1p-126, 1e-40, 1e-20, -1e-20, 1e30, -1e30, 0x1p53,
        0x1.fffffep127, Double.MAX_VALUE, -Double.MAX_VALUE, 1e300, 0x1p-1000, Double.NaN,
        Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
    private static final CompiledC LIBRARY = CompiledC.load(Elementary.header() + loop("atan2f", "float")
            + loop("atan2", "double") + loop("fmodf", "float") + loop("fmod", "double"));

    private static String loop(String name, String type) {
        return "KILN_EXPORT void v_" + name + "(const " + type + "* restrict x, const " + type
                + "* restrict y, " + type + "* restrict z, int64_t n) { for (int64_t i = 0; i < n; i++) "
                + "z[i] = kiln_" + name + "(x[i], y[i]); }\n";
    }

    /** All pairs of special values, then ones alike, far apart, whole, and of any exponent at all. */
    private static double[][] pairs(int exponents) {
        SplittableRandom random = new SplittableRandom(8);
        double[][] pairs = new double[2][N];
        for (int i = 0; i < N; i++) {
            double x = random.nextDouble(-1, 1);
            double y = random.nextDouble(-1, 1);
            int e = random.nextInt(-exponents, exponents);
            boolean special = i < SPECIAL.length * SPECIAL.length;
            pairs[0][i] = special ? SPECIAL[i / SPECIAL.length] : switch (i % 4) {
                case 0 -> x;
                case 1 -> Math.rint(x * 1000);
                default -> Math.scalb(x, e);
            };
            pairs[1][i] = special ? SPECIAL[i % SPECIAL.length] : switch (i % 4) {
                case 0 -> y;
                case 1 -> Math.rint(y * 20);
                case 2 -> Math.scalb(y, e - random.nextInt(0, 70));
                default -> Math.scalb(y, random.nextInt(-exponents, exponents));
            };
        }
        return pairs;
    }

    @Test
    void arctangentOfTwoDoublesIsWithinFourUlps() {
        double[][] pairs = pairs(1070);
        double[] actual = doubles("v_atan2", pairs);
        for (int i = 0; i < N; i++) {
            double expected = StrictMath.atan2(pairs[0][i], pairs[1][i]);
            assertThat(Reference.ulps(actual[i], expected)).as("atan2(%s, %s) is %s, not %s", pairs[0][i],
                    pairs[1][i], actual[i], expected).isLessThanOrEqualTo(4);
        }
    }

    @Test
    void arctangentOfTwoFloatsIsWithinFourUlps() {
        float[][] pairs = floats(pairs(148));
        float[] actual = floats("v_atan2f", pairs);
        for (int i = 0; i < N; i++) {
            double expected = StrictMath.atan2(pairs[0][i], pairs[1][i]);
            assertThat(Reference.ulps(actual[i], expected)).as("atan2f(%s, %s) is %s, not %s", pairs[0][i],
                    pairs[1][i], actual[i], expected).isLessThanOrEqualTo(4);
        }
    }

    @Test
    void remainderOfDoublesIsExact() {
        double[][] pairs = pairs(1070);
        double[] actual = doubles("v_fmod", pairs);
        for (int i = 0; i < N; i++) {
            double expected = pairs[0][i] % pairs[1][i];
            if (Double.compare(actual[i], expected) != 0) {
                assertThat(actual[i]).as("fmod(%s, %s)", pairs[0][i], pairs[1][i]).isEqualTo(expected);
            }
        }
    }

    @Test
    void remainderOfFloatsIsExact() {
        float[][] pairs = floats(pairs(148));
        float[] actual = floats("v_fmodf", pairs);
        for (int i = 0; i < N; i++) {
            float expected = pairs[0][i] % pairs[1][i];
            if (Float.compare(actual[i], expected) != 0) {
                assertThat(actual[i]).as("fmodf(%s, %s)", pairs[0][i], pairs[1][i]).isEqualTo(expected);
            }
        }
    }

    private static float[][] floats(double[][] pairs) {
        float[][] result = new float[2][N];
        for (int i = 0; i < N; i++) {
            result[0][i] = (float) pairs[0][i];
            result[1][i] = (float) pairs[1][i];
        }
        return result;
    }

    private static double[] doubles(String name, double[][] pairs) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment z = arena.allocate(N * 8L, 64);
            LIBRARY.call(name, arena.allocateFrom(ValueLayout.JAVA_DOUBLE, pairs[0]),
                    arena.allocateFrom(ValueLayout.JAVA_DOUBLE, pairs[1]), z, (long) N);
            return z.toArray(ValueLayout.JAVA_DOUBLE);
        }
    }

    private static float[] floats(String name, float[][] pairs) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment z = arena.allocate(N * 4L, 64);
            LIBRARY.call(name, arena.allocateFrom(ValueLayout.JAVA_FLOAT, pairs[0]),
                    arena.allocateFrom(ValueLayout.JAVA_FLOAT, pairs[1]), z, (long) N);
            return z.toArray(ValueLayout.JAVA_FLOAT);
        }
    }
}
