package dev.kiln.stages.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Every form that row groups are written in, at sizes with and without rests, against the interpreter: lanes, windows,
 * transposed tiles, blocks of an argmax, split reductions. The oracle's samples are too small to reach most of them.
 */
class ScheduledFormsTest {
    private static final List<DType> DTYPES = List.of(DType.F32, DType.F64, DType.F16, DType.I64, DType.I32, DType.U8);

    private record Case(String name, DType dtype, List<Long> sizes, BiFunction<GraphBuilder, Arg.Ref, Arg.Ref> body) {
        Graph graph() {
            GraphBuilder builder = new GraphBuilder(new ShapeEnv());
            Arg.Ref x = builder.placeholder("x", FakeTensor.contiguous(dtype, sizes.stream().map(SymInt::of).toList()));
            builder.output("y", body.apply(builder, x));
            return builder.build();
        }
    }

    @TestFactory
    Stream<DynamicTest> agreeWithTheInterpreter() {
        Isa best = CpuInfo.detect().bestIsa();
        Stream<DynamicTest> own = tests(best, cases());
        return best == Isa.AVX2 || !best.isX86() ? own
            : Stream.concat(own, tests(Isa.AVX2, cases().stream().filter(c -> c.dtype == DType.F32).toList()));
    }

    private static Stream<DynamicTest> tests(Isa isa, List<Case> cases) {
        List<GraphRunner.Program> programs = new ArrayList<>();
        cases.forEach(c -> programs.add(new GraphRunner.Program(c.graph(), Map.of("x", values(c.dtype, c.sizes)))));
        List<Supplier<Map<String, ConstantValue>>> results = new GraphRunner(isa, Effort.FULL).prepare(programs);
        List<DynamicTest> tests = new ArrayList<>();
        for (int i = 0; i < cases.size(); i++) {
            int number = i;
            tests.add(DynamicTest.dynamicTest(isa.cliName() + " " + cases.get(i).name + " " + cases.get(i).dtype
                + cases.get(i).sizes, () -> check(programs.get(number), results.get(number).get().get("y"))));
        }
        return tests.stream();
    }

    private static void check(GraphRunner.Program program, ConstantValue actual) {
        ConstantValue expected = Interpreter.run(program.graph(), program.inputs()).get("y");
        assertThat(actual.dtype()).isEqualTo(expected.dtype());
        assertThat(actual.sizes()).isEqualTo(expected.sizes());
        double tolerance = switch (actual.dtype()) {
            case F64 -> 1e-12;
            case F32 -> 2e-6;
            case F16 -> 2e-3;
            default -> 0;
        };
        for (long i = 0; i < actual.numel(); i++) {
            double a = actual.doubleAt(i);
            double e = expected.doubleAt(i);
            boolean equal = a == e || Double.isNaN(a) && Double.isNaN(e)
                || Math.abs(a - e) <= tolerance * (1 + Math.abs(e));
            if (!equal) {
                assertThat(a).as("element %d", i).isEqualTo(e);
            }
        }
    }

    private static List<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (DType dtype : DTYPES) {
            for (long kept : new long[] {8, 64, 100, 1037}) {
                add(cases, "sum over the first", dtype, (g, x) -> sum(g, x, 0), 37, kept);
                add(cases, "maximum over the middle", dtype, (g, x) -> max(g, x, 1), 3, 41, kept);
                add(cases, "place over the middle", dtype, (g, x) -> place(g, x, 1), 2, 19, kept);
                add(cases, "minimum of windows", dtype, (g, x) -> g.call("aten.amin.default",
                    g.call("aten.view.default", x, List.of(2, 3, 2, kept, 2)), List.of(2, 4)), 2, 6, 2 * kept);
            }
            for (long row : new long[] {5, 256, 700}) {
                add(cases, "first place in rows", dtype, (g, x) -> place(g, x, 1), 9, row);
                add(cases, "first place of a minimum", dtype, (g, x) -> g.call("aten.argmin.default", x, 1), 9, row);
                add(cases, "maximum of rows", dtype, (g, x) -> max(g, x, 1), 9, row);
            }
            for (long width : new long[] {8, 67, 130, 128}) {
                long height = width == 128 ? 192 : 75;
                add(cases, "transposed sum", dtype, (g, x) -> g.call("aten.add.Tensor",
                    g.call("aten.view.default", x, List.of(width, height)),
                    g.call("aten.t.default", g.call("aten.view.default", x, List.of(height, width)))), height, width);
                add(cases, "channels last", dtype, (g, x) -> g.call("aten.clone.default",
                    g.call("aten.permute.default", x, List.of(0, 2, 3, 1))), 2, 9, 7, width);
            }
            add(cases, "merged pixels", dtype, (g, x) -> max(g, x, 2, 3), 3, 5, 9, 11);
        }
        for (DType dtype : List.of(DType.F32, DType.F64, DType.I64)) {
            add(cases, "split sum of everything", dtype, (g, x) -> sum(g, x, 0, 1), 512, 131);
            add(cases, "split maximum of everything", dtype, (g, x) -> max(g, x, 0, 1), 96, 1031);
            add(cases, "split sum over the first", dtype, (g, x) -> sum(g, x, 0), 4096, 72);
        }
        for (long channels : new long[] {21, 300}) {
            add(cases, "softmax over channels", DType.F32,
                (g, x) -> g.call("aten._softmax.default", x, 1, false), 2, channels, 77);
            add(cases, "softmax of rows", DType.F32,
                (g, x) -> g.call("aten._softmax.default", x, 2, false), 2, 7, channels);
        }
        return cases;
    }

    private static void add(List<Case> cases, String name, DType dtype, BiFunction<GraphBuilder, Arg.Ref, Arg.Ref> body,
            long... sizes) {
        cases.add(new Case(name, dtype, java.util.Arrays.stream(sizes).boxed().toList(), body));
    }

    private static Arg.Ref sum(GraphBuilder g, Arg.Ref x, Integer... dims) {
        return g.call("aten.sum.dim_IntList", x, List.of(dims));
    }

    private static Arg.Ref max(GraphBuilder g, Arg.Ref x, Integer... dims) {
        return g.call("aten.amax.default", x, List.of(dims));
    }

    private static Arg.Ref place(GraphBuilder g, Arg.Ref x, int dim) {
        return g.call("aten.argmax.default", x, dim);
    }

    /** Small whole numbers, so that many are equal and sums are exact in any order; floating ones have a few NaN. */
    private static ConstantValue values(DType dtype, List<Long> sizes) {
        SplittableRandom random = new SplittableRandom(sizes.hashCode());
        ConstantValue value = ConstantValue.allocate(dtype, sizes);
        for (long i = 0; i < value.numel(); i++) {
            int number = random.nextInt(dtype == DType.U8 ? 0 : -9, 10);
            boolean nan = random.nextInt(3000) == 0;
            switch (dtype) {
                case F32 -> value.data().setAtIndex(ValueLayout.JAVA_FLOAT, i, nan ? Float.NaN : number);
                case F64 -> value.data().setAtIndex(ValueLayout.JAVA_DOUBLE, i, nan ? Double.NaN : number);
                case F16 -> value.data().setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(number));
                case I64 -> value.data().setAtIndex(ValueLayout.JAVA_LONG, i, number);
                case I32 -> value.data().setAtIndex(ValueLayout.JAVA_INT, i, number);
                default -> value.data().set(ValueLayout.JAVA_BYTE, i, (byte) number);
            }
        }
        return value;
    }
}
