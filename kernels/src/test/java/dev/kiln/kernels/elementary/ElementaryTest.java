package dev.kiln.kernels.elementary;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.gemm.CompiledC;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code -Dkiln.elementary.step=N} makes the nightly suite take each Nth float only. */
class ElementaryTest {
    private static final int BLOCK = 4096;
    private static final double[] SPECIAL = {0, -0.0, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 1.5, 2.5, -2.5, 1e-20,
        -1e-20, 5e-324, 1e-310, 1e-40, -1e-40, 1e300, -1e300, 1e30, 0x1p53, -0x1p53, 0x1p54, 709.7, 710, -745,
        -746, 88.7, 89,
        -103.9, Math.PI, 355, 1e5, Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY};
    private static final double[] CONSTANTS = {2, 0.5, -0.25, 1e-3, 40, 3e10};
    private static final Map<String, DoubleUnaryOperator> FLOATS = new LinkedHashMap<>();
    private static final Map<String, DoubleUnaryOperator> DOUBLES = new LinkedHashMap<>();
    private static final Map<String, DoubleUnaryOperator> EXACT = Map.of("erf", Reference::exactErf,
            "asinh", ExactLogarithms::asinh, "acosh", ExactLogarithms::acosh, "atanh", ExactLogarithms::atanh,
            "log2", ExactLogarithms::log2);
    private static final Set<String> PERIODIC = Set.of("sin", "cos", "tan", "sinf", "cosf", "tanf");

    static {
        DOUBLES.put("exp", StrictMath::exp);
        DOUBLES.put("log", StrictMath::log);
        DOUBLES.put("log1p", StrictMath::log1p);
        DOUBLES.put("expm1", StrictMath::expm1);
        DOUBLES.put("tanh", StrictMath::tanh);
        DOUBLES.put("erf", Reference::erf);
        DOUBLES.put("sin", StrictMath::sin);
        DOUBLES.put("cos", StrictMath::cos);
        DOUBLES.put("tan", StrictMath::tan);
        DOUBLES.put("asin", StrictMath::asin);
        DOUBLES.put("acos", StrictMath::acos);
        DOUBLES.put("atan", StrictMath::atan);
        DOUBLES.put("sinh", StrictMath::sinh);
        DOUBLES.put("cosh", StrictMath::cosh);
        DOUBLES.put("asinh", Reference::asinh);
        DOUBLES.put("acosh", Reference::acosh);
        DOUBLES.put("atanh", Reference::atanh);
        DOUBLES.put("log2", Reference::log2);
        DOUBLES.put("log10", StrictMath::log10);
        DOUBLES.put("sqrt", StrictMath::sqrt);
        DOUBLES.put("sigmoid", Reference::sigmoid);
        DOUBLES.put("floor", StrictMath::floor);
        DOUBLES.put("ceil", StrictMath::ceil);
        DOUBLES.put("trunc", Reference::truncate);
        DOUBLES.put("roundeven", StrictMath::rint);
        DOUBLES.forEach((name, reference) -> FLOATS.put(name + "f", reference));
    }

    private static final CompiledC LIBRARY = CompiledC.load(source());

    private static String source() {
        StringBuilder c = new StringBuilder(Elementary.header());
        Stream.concat(FLOATS.keySet().stream(), Stream.of("gelu_erff", "gelu_tanhf", "exp_nonpositivef"))
                .forEach(name -> c.append(loop(name, "float")));
        DOUBLES.keySet().forEach(name -> c.append(loop(name, "double")));
        FLOATS.keySet().forEach(name -> c.append(constants(name)));
        return c.append(powerLoop("powf", "float")).append(powerLoop("pow", "double")).toString();
    }

    /** What reports large arguments is taken eight at a time, so that it is tried between them as well. */
    private static String loop(String name, String type) {
        String body = PERIODIC.contains(name) ? "for (; n > 0; x += 8, y += 8, n -= 8) { int32_t far = 0;"
                + " for (int i = 0; i < 8; i++) y[i] = kiln_near_" + name + "(&far, x[i]);"
                + " if (far) for (int i = 0; i < 8; i++) y[i] = kiln_" + name + "(x[i]); }"
                : "for (int64_t i = 0; i < n; i++) y[i] = kiln_" + name + "(x[i]);";
        return "KILN_EXPORT void v_" + name + "(const " + type + "* restrict x, " + type
                + "* restrict y, int64_t n) { " + body + " }\n";
    }

    private static String constants(String name) {
        StringBuilder c = new StringBuilder("KILN_EXPORT void c_" + name + "(float* y) {");
        for (int i = 0; i < CONSTANTS.length; i++) {
            c.append(" y[").append(i).append("] = kiln_").append(name).append("((float)").append(CONSTANTS[i]).append(");");
        }
        return c + " }\n";
    }

    private static String powerLoop(String name, String type) {
        return "KILN_EXPORT void v_" + name + "(const " + type + "* restrict x, const " + type
                + "* restrict e, " + type + "* restrict y, int64_t n) {"
                + " for (int64_t i = 0; i < n; i++) y[i] = kiln_" + name + "(x[i], e[i]); }\n";
    }

    static Stream<String> floatFunctions() {
        return FLOATS.keySet().stream();
    }

    static Stream<String> doubleFunctions() {
        return DOUBLES.keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("floatFunctions")
    void isWithinFourUlpsOnSampledFloats(String name) {
        checkFloats(name, 4099);
    }

    @Tag("nightly")
    @ParameterizedTest
    @MethodSource("floatFunctions")
    void isWithinFourUlpsOnEveryFloat(String name) {
        checkFloats(name, Integer.getInteger("kiln.elementary.step", 1));
    }

    private static void checkFloats(String name, int step) {
        DoubleUnaryOperator reference = FLOATS.get(name);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment x = arena.allocate(BLOCK * 4L, 64);
            MemorySegment y = arena.allocate(BLOCK * 4L, 64);
            for (long from = 0; from < 1L << 32; from += (long) step * BLOCK) {
                for (int i = 0; i < BLOCK; i++) {
                    x.setAtIndex(ValueLayout.JAVA_INT, i, (int) (from + (long) i * step));
                }
                LIBRARY.call("v_" + name, x, y, (long) BLOCK);
                for (int i = 0; i < BLOCK; i++) {
                    float input = x.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                    float actual = y.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                    double expected = reference.applyAsDouble(input);
                    if (Reference.ulps(actual, expected) > 4) {
                        assertThat(actual).as("%s(%s)", name, input).isEqualTo((float) expected);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("doubleFunctions")
    void isWithinFourUlpsOnSampledDoubles(String name) {
        double[] x = samples();
        double[] y = new double[x.length];
        apply("v_" + name, x, null, y);
        int step = EXACT.containsKey(name) ? 41 : 1;
        DoubleUnaryOperator reference = EXACT.getOrDefault(name, DOUBLES.get(name));
        for (int i = 0; i < x.length; i += i < SPECIAL.length ? 1 : step) {
            double expected = reference.applyAsDouble(x[i]);
            if (Reference.ulps(y[i], expected) > 4) {
                assertThat(y[i]).as("%s(%s)", name, x[i]).isEqualTo(expected);
            }
        }
    }

    /** Where most of an argument's bits cancel, below and above the limit of the loops without branches. */
    @ParameterizedTest
    @ValueSource(strings = {"sin", "cos", "tan"})
    void reducesArgumentsNextToQuarterTurns(String name) {
        SplittableRandom random = new SplittableRandom(9);
        double[] x = new double[60_000];
        for (int i = 0; i < x.length; i++) {
            double turns = Math.rint(Math.scalb(random.nextDouble(-1, 1), 1 + i % 50));
            double product = turns * (Math.PI / 2);
            x[i] = product + Math.fma(turns, Math.PI / 2, -product) + turns * 6.123233995736766e-17;
        }
        double[] far = new double[x.length];
        apply("v_" + name, x, null, far);
        double[] below = Arrays.stream(x).map(a -> Math.abs(a) <= 1e9 ? a : 0).toArray();
        double[] near = new double[x.length];
        apply("v_" + name, below, null, near);
        checkDoubles(name, x, far);
        checkDoubles(name, below, near);
    }

    private static void checkDoubles(String name, double[] x, double[] y) {
        for (int i = 0; i < x.length; i++) {
            double expected = DOUBLES.get(name).applyAsDouble(x[i]);
            if (Reference.ulps(y[i], expected) > 4) {
                assertThat(y[i]).as("%s(%s)", name, x[i]).isEqualTo(expected);
            }
        }
    }

    private static double[] samples() {
        SplittableRandom random = new SplittableRandom(5);
        double[] x = new double[120_000];
        for (int i = 0; i < x.length; i++) {
            double r = random.nextDouble(-1, 1);
            x[i] = i < SPECIAL.length ? SPECIAL[i] : switch (i % 5) {
                case 0 -> r;
                case 1 -> r * 20;
                case 2 -> r * 750;
                case 3 -> 1 + r / 100;
                default -> Math.scalb(r, random.nextInt(-1070, 1020));
            };
        }
        return x;
    }

    /** A call that the C compiler computes is as exact as one at run time. */
    @ParameterizedTest
    @MethodSource("floatFunctions")
    void isWithinFourUlpsOnConstants(String name) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment y = arena.allocate(CONSTANTS.length * 4L);
            LIBRARY.call("c_" + name, y);
            for (int i = 0; i < CONSTANTS.length; i++) {
                double expected = FLOATS.get(name).applyAsDouble((float) CONSTANTS[i]);
                assertThat(Reference.ulps(y.getAtIndex(ValueLayout.JAVA_FLOAT, i), expected)).as("%s(%s)", name,
                        CONSTANTS[i]).isLessThanOrEqualTo(4);
            }
        }
    }

    @Test
    void raisesToPowers() {
        SplittableRandom random = new SplittableRandom(6);
        double[] x = new double[60_000];
        double[] e = new double[x.length];
        for (int i = 0; i < x.length; i++) {
            double r = random.nextDouble();
            boolean special = i < SPECIAL.length * SPECIAL.length;
            x[i] = special ? SPECIAL[i / SPECIAL.length]
                    : i % 2 == 0 ? r * 4 : Math.scalb(r, random.nextInt(-130, 120));
            e[i] = special ? SPECIAL[i % SPECIAL.length]
                    : i % 2 == 0 ? random.nextDouble(-90, 90) : random.nextInt(-9, 9);
            x[i] = !special && i % 3 == 0 && e[i] == Math.rint(e[i]) ? -x[i] : x[i];
        }
        checkPowers("v_pow", x, e, Reference::pow);
    }

    private static void checkPowers(String name, double[] x, double[] e, DoubleBinaryOperator reference) {
        double[] y = new double[x.length];
        apply(name, x, e, y);
        float[] single = floatPowers(x, e);
        for (int i = 0; i < x.length; i++) {
            if (Reference.ulps(y[i], reference.applyAsDouble(x[i], e[i])) > 4) {
                assertThat(y[i]).as("pow(%s, %s)", x[i], e[i]).isEqualTo(reference.applyAsDouble(x[i], e[i]));
            }
            double expected = reference.applyAsDouble((float) x[i], (float) e[i]);
            if (Reference.ulps(single[i], expected) > 4) {
                assertThat(single[i]).as("powf(%s, %s)", x[i], e[i]).isEqualTo((float) expected);
            }
        }
    }

    private static float[] floatPowers(double[] x, double[] e) {
        float[] result = new float[x.length];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment xs = arena.allocate(x.length * 4L, 64);
            MemorySegment es = arena.allocate(x.length * 4L, 64);
            MemorySegment ys = arena.allocate(x.length * 4L, 64);
            for (int i = 0; i < x.length; i++) {
                xs.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) x[i]);
                es.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) e[i]);
            }
            LIBRARY.call("v_powf", xs, es, ys, (long) x.length);
            MemorySegment.copy(ys, ValueLayout.JAVA_FLOAT, 0, result, 0, x.length);
        }
        return result;
    }

    @Test
    void gelusAreCloseInAbsoluteTermsAndVanishFarLeft() {
        SplittableRandom random = new SplittableRandom(7);
        Map<String, DoubleUnaryOperator> gelus =
                Map.of("gelu_erff", Reference::geluErf, "gelu_tanhf", Reference::geluTanh);
        gelus.forEach((name, reference) -> {
            try (Arena arena = Arena.ofConfined()) {
                int n = 20_000;
                MemorySegment x = arena.allocate(n * 4L, 64);
                MemorySegment y = arena.allocate(n * 4L, 64);
                for (int i = 0; i < n; i++) {
                    double input = random.nextDouble(-12, 12) * (i % 9 == 0 ? 1e8 : 1);
                    x.setAtIndex(ValueLayout.JAVA_FLOAT, i, (float) input);
                }
                LIBRARY.call("v_" + name, x, y, (long) n);
                for (int i = 0; i < n; i++) {
                    float input = x.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                    float actual = y.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                    assertThat(Math.abs(actual - reference.applyAsDouble(input))).as("%s(%s)", name, input)
                            .isLessThanOrEqualTo(4e-7 * Math.max(0, input) + 1e-6);
                }
            }
        });
    }

    @Test
    void exponentialOfNonPositiveIsAccurateAndNeverNegative() {
        try (Arena arena = Arena.ofConfined()) {
            int n = 30_000;
            MemorySegment x = arena.allocate(n * 4L, 64);
            MemorySegment y = arena.allocate(n * 4L, 64);
            for (int i = 0; i < n; i++) {
                x.setAtIndex(ValueLayout.JAVA_FLOAT, i, i == 0 ? Float.NEGATIVE_INFINITY : -i / 300f);
            }
            LIBRARY.call("v_exp_nonpositivef", x, y, (long) n);
            for (int i = 0; i < n; i++) {
                double expected = StrictMath.exp(x.getAtIndex(ValueLayout.JAVA_FLOAT, i));
                float actual = y.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                assertThat(Math.abs(actual - expected)).isLessThanOrEqualTo(2.5 * Math.ulp((float) expected)
                        + 1.3e-38);
                assertThat(actual).isGreaterThanOrEqualTo(0);
            }
        }
    }

    private static void apply(String name, double[] x, double[] e, double[] y) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment xs = arena.allocateFrom(ValueLayout.JAVA_DOUBLE, x);
            MemorySegment ys = arena.allocate(xs.byteSize(), 64);
            if (e == null) {
                LIBRARY.call(name, xs, ys, (long) x.length);
            } else {
                LIBRARY.call(name, xs, arena.allocateFrom(ValueLayout.JAVA_DOUBLE, e), ys, (long) x.length);
            }
            MemorySegment.copy(ys, ValueLayout.JAVA_DOUBLE, 0, y, 0, y.length);
        }
    }
}
