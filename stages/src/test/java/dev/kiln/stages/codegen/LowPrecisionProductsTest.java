package dev.kiln.stages.codegen;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Products of bytes and with weights of 4 bits, of constant and of other weights, against sums written out here. */
class LowPrecisionProductsTest {
    private static final List<Isa> ISAS = List.of(CpuInfo.detect().bestIsa(), Isa.BASELINE);
    private final Random random = new Random(7);

    /** A program, what it must give, and how exactly. */
    private record Case(GraphRunner.Program program, ConstantValue expected, double relative) {
    }

    @Test
    void multipliesBytesExactly() {
        List<Case> cases = new ArrayList<>();
        for (DType left : List.of(DType.U8, DType.I8)) {
            for (DType right : List.of(DType.U8, DType.I8)) {
                for (boolean constant : List.of(true, false)) {
                    cases.add(bytes(left, right, 3, 5, 7, constant));
                    cases.add(bytes(left, right, 17, 132, 65, constant));
                    cases.add(bytes(left, right, 1, 64, 32, constant));
                }
            }
        }
        check(cases);
    }

    private Case bytes(DType left, DType right, int m, int k, int n, boolean constant) {
        ConstantValue a = integers(left, m, k);
        ConstantValue b = integers(right, k, n);
        ConstantValue expected = ConstantValue.allocate(DType.I32, List.of((long) m, (long) n));
        for (int i = 0; i < m * n; i++) {
            int sum = 0;
            for (int s = 0; s < k; s++) {
                sum += (int) (a.longAt(i / n * k + s) * b.longAt(s * n + i % n));
            }
            expected.set(i, sum);
        }
        return program("aten._int_mm.default", a, List.of(b), constant, List.of(), expected, 0);
    }

    @Test
    void multipliesWithWeightsOfFourBits() {
        List<Case> cases = new ArrayList<>();
        for (int group : List.of(32, 64, 128)) {
            for (DType dtype : List.of(DType.F32, DType.BF16, DType.F16)) {
                cases.add(int4(dtype, 3, 256, 17, group, true));
                cases.add(int4(dtype, 1, 128, 64, group, false));
            }
        }
        check(cases);
    }

    private Case int4(DType dtype, int m, int k, int n, int group, boolean constant) {
        ConstantValue x = reals(dtype, m, k);
        ConstantValue weight = integers(DType.U8, n, k / 2);
        ConstantValue parameters = reals(DType.F32, k / group, n, 2);
        ConstantValue expected = ConstantValue.allocate(dtype, List.of((long) m, (long) n));
        for (int i = 0; i < m * n; i++) {
            double sum = 0;
            for (int s = 0; s < k; s++) {
                int column = i % n;
                long both = weight.longAt(column * (k / 2) + s / 2);
                long q = (s % 2 == 0 ? both % 16 : both / 16) - 8;
                int at = (s / group * n + column) * 2;
                sum += x.doubleAt(i / n * k + s) * (q * parameters.doubleAt(at) + parameters.doubleAt(at + 1));
            }
            expected.set(i, sum);
        }
        double relative = dtype == DType.F32 ? 1e-5 : dtype == DType.F16 ? 2e-3 : 1e-2;
        return program("kiln.linear_int4.default", x, List.of(weight, parameters), constant, List.of(Arg.of(group)),
            expected, relative);
    }

    /** @param numbers arguments that stand behind the first weight */
    private static Case program(String op, ConstantValue x, List<ConstantValue> weights, boolean constant,
            List<Arg> numbers, ConstantValue expected, double relative) {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        List<Object> args = new ArrayList<>(List.of(g.placeholder("x", fake(x))));
        Map<String, ConstantValue> inputs = new java.util.HashMap<>(Map.of("x", x));
        for (int i = 0; i < weights.size(); i++) {
            String name = "w" + i;
            args.add(constant ? g.constant(name, weights.get(i)) : g.placeholder(name, fake(weights.get(i))));
            if (!constant) {
                inputs.put(name, weights.get(i));
            }
            if (i == 0) {
                args.addAll(numbers);
            }
        }
        g.output("y", g.call(op, args.toArray()));
        return new Case(new GraphRunner.Program(g.build(), inputs), expected, relative);
    }

    private static void check(List<Case> cases) {
        List<GraphRunner.Program> programs = cases.stream().map(Case::program).toList();
        for (Case c : cases) {
            same(c, Interpreter.run(c.program().graph(), c.program().inputs()).get("y"));
        }
        for (Isa isa : ISAS) {
            var results = new GraphRunner(isa, Effort.FAST).prepare(programs);
            for (int i = 0; i < cases.size(); i++) {
                same(cases.get(i), results.get(i).get().get("y"));
            }
        }
    }

    /** Relative to the largest element: single sums may cancel. */
    private static void same(Case c, ConstantValue actual) {
        assertThat(actual.dtype()).isEqualTo(c.expected().dtype());
        assertThat(actual.sizes()).isEqualTo(c.expected().sizes());
        double largest = 0;
        for (long i = 0; i < actual.numel(); i++) {
            largest = Math.max(largest, Math.abs(c.expected().doubleAt(i)));
        }
        for (long i = 0; i < actual.numel(); i++) {
            assertThat(actual.doubleAt(i)).as("index %d of %s", i, c.program().graph())
                .isCloseTo(c.expected().doubleAt(i), within(c.relative() * largest));
        }
    }

    @Test
    void refusesOperandsThatDoNotFit() {
        refuses("_int_mm", "u8 or i8", "aten._int_mm.default", reals(DType.F32, 2, 4), integers(DType.I8, 4, 2));
        refuses("inner dimension", "4", "aten._int_mm.default", integers(DType.I8, 2, 4), integers(DType.I8, 5, 2));
        refuses("mm.dtype", "bf16 or f16", "aten.mm.dtype", reals(DType.F32, 2, 4), reals(DType.F32, 4, 2), DType.F32);
        refuses("int8pack", "i8", "aten._weight_int8pack_mm.default", reals(DType.F32, 2, 4), integers(DType.U8, 3, 4),
            reals(DType.F32, 3));
        refuses("int8pack", "scales", "aten._weight_int8pack_mm.default", reals(DType.F32, 2, 4),
            integers(DType.I8, 3, 4), reals(DType.F32, 4));
        refuses("linear_int4", "32, 64 or 128", "kiln.linear_int4.default", reals(DType.F32, 2, 32),
            integers(DType.U8, 3, 16), 16, reals(DType.F32, 2, 3, 2));
        refuses("linear_int4", "groups", "kiln.linear_int4.default", reals(DType.F32, 2, 64),
            integers(DType.U8, 3, 32), 32, reals(DType.F32, 1, 3, 2));
    }

    private static void refuses(String what, String why, String op, Object... args) {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        Object[] arguments = java.util.Arrays.stream(args)
            .map(a -> a instanceof ConstantValue value ? g.constant("c", value) : a).toArray();
        assertThatThrownBy(() -> g.call(op, arguments)).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining(what).hasMessageContaining(why);
    }

    private static FakeTensor fake(ConstantValue value) {
        return FakeTensor.contiguous(value.dtype(), value.sizes().stream().mapToLong(Long::longValue).toArray());
    }

    private ConstantValue integers(DType dtype, long... sizes) {
        ConstantValue value = ConstantValue.allocate(dtype, java.util.Arrays.stream(sizes).boxed().toList());
        for (long i = 0; i < value.numel(); i++) {
            value.set(i, (long) random.nextInt(256));
        }
        return value;
    }

    private ConstantValue reals(DType dtype, long... sizes) {
        ConstantValue value = ConstantValue.allocate(dtype, java.util.Arrays.stream(sizes).boxed().toList());
        for (long i = 0; i < value.numel(); i++) {
            value.set(i, random.nextGaussian());
        }
        return value;
    }
}
