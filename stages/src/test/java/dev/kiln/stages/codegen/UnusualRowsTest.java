package dev.kiln.stages.codegen;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphText;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.oracle.TorchGraph;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * Rows of large tensors that hold NaN or infinities somewhere, against libtorch: maxima that ignore NaN must not show
 * where results tell it, and folds of strips must meet every element.
 */
class UnusualRowsTest {
    private static final float NAN = Float.NaN;
    private static final float NEGATIVE_NAN = Float.intBitsToFloat(0xffc00001);
    private static final float INF = Float.POSITIVE_INFINITY;
    private static final long ROWS = 601;
    /** With and without a rest after the last strip; long enough to be taken in strips. */
    private static final List<Long> LENGTHS = List.of(1024L, 1031L, 896L);
    private static final Map<String, String> GRAPHS = Map.of(
        "softmax", """
            %y = aten._softmax.default(%x, 1, false) : f32[R, N]
            return "y": %y
            """,
        "log_softmax", """
            %y = aten._log_softmax.default(%x, 1, false) : f32[R, N]
            return "y": %y
            """,
        "logsumexp", """
            %y = aten.logsumexp.default(%x, [1], false) : f32[R]
            return "y": %y
            """,
        "scaled", """
            %a = aten.mul.Scalar(%x, 0.125) : f32[R, N]
            %y = aten._softmax.default(%a, 1, false) : f32[R, N]
            return "y": %y
            """,
        "softmax and maximum", """
            %m = aten.amax.default(%x, [1], true) : f32[R, 1]
            %d = aten.sub.Tensor(%x, %m, 1) : f32[R, N]
            %e = aten.exp.default(%d) : f32[R, N]
            %s = aten.sum.dim_IntList(%e, [1], true) : f32[R, 1]
            %y = aten.div.Tensor(%e, %s) : f32[R, N]
            return "y": %y, "m": %m
            """,
        "numerators", """
            %m = aten.amax.default(%x, [1], true) : f32[R, 1]
            %d = aten.sub.Tensor(%x, %m, 1) : f32[R, N]
            %y = aten.exp.default(%d) : f32[R, N]
            return "y": %y
            """,
        "choice", """
            %m = aten.amax.default(%x, [1], true) : f32[R, 1]
            %d = aten.sub.Tensor(%x, %m, 1) : f32[R, N]
            %e = aten.exp.default(%d) : f32[R, N]
            %s = aten.sum.dim_IntList(%e, [1], true) : f32[R, 1]
            %z = aten.relu.default(%d) : f32[R, N]
            %c = aten.gt.Scalar(%s, 2.0) : b8[R, 1]
            %y = aten.where.self(%c, %e, %z) : f32[R, N]
            return "y": %y
            """,
        "sum", """
            %a = aten.sum.dim_IntList(%x, [1], true) : f32[R, 1]
            %d = aten.sub.Tensor(%x, %a, 1) : f32[R, N]
            %q = aten.mul.Tensor(%d, %d) : f32[R, N]
            %s = aten.sum.dim_IntList(%q, [1], true) : f32[R, 1]
            %y = aten.div.Tensor(%d, %s) : f32[R, N]
            return "y": %y
            """);

    @TestFactory
    Stream<DynamicTest> equalLibtorch() {
        Isa best = CpuInfo.detect().bestIsa();
        return Stream.concat(tests(best, LENGTHS), best.isX86() && best != Isa.AVX2 ? tests(Isa.AVX2, List.of(1031L))
            : Stream.empty());
    }

    private static Stream<DynamicTest> tests(Isa isa, List<Long> lengths) {
        List<String> titles = new ArrayList<>();
        List<GraphRunner.Program> programs = new ArrayList<>();
        for (long length : lengths) {
            ConstantValue x = rows(length);
            GRAPHS.forEach((name, text) -> {
                titles.add(isa.cliName() + " " + name + " over " + length);
                Graph graph = GraphText.parse(("%x = placeholder \"x\" : f32[R, N]\n" + text)
                    .replace("R", Long.toString(ROWS)).replace("N", Long.toString(length)));
                programs.add(new GraphRunner.Program(graph, Map.of("x", x)));
            });
        }
        List<Supplier<Map<String, ConstantValue>>> results = new GraphRunner(isa, Effort.FULL).prepare(programs);
        List<DynamicTest> tests = new ArrayList<>();
        for (int i = 0; i < programs.size(); i++) {
            int number = i;
            tests.add(DynamicTest.dynamicTest(titles.get(i), () -> check(programs.get(number), results.get(number).get())));
        }
        return tests.stream();
    }

    private static void check(GraphRunner.Program program, Map<String, ConstantValue> actual) {
        TorchGraph.run(program).forEach((name, expected) -> {
            float[] wanted = expected.data().toArray(ValueLayout.JAVA_FLOAT);
            float[] found = actual.get(name).data().toArray(ValueLayout.JAVA_FLOAT);
            assertThat(found).hasSameSizeAs(wanted);
            int width = wanted.length / (int) ROWS;
            for (int i = 0; i < wanted.length; i++) {
                float w = wanted[i];
                float f = found[i];
                boolean equal = w == f || Float.isNaN(w) && Float.isNaN(f) || Math.abs(w - f) <= 1e-5f * (1 + Math.abs(w));
                if (!equal) {
                    assertThat(f).as("%s of row %d, column %d", name, i / width, i % width).isEqualTo(w);
                }
            }
        });
    }

    /** Every third row is usual; others have one or two unusual elements, or nothing else. */
    private static ConstantValue rows(long length) {
        SplittableRandom random = new SplittableRandom(length);
        float[] unusual = {NAN, NEGATIVE_NAN, INF, -INF, 88, -3e38f};
        float[] values = new float[(int) (ROWS * length)];
        for (int row = 0; row < ROWS; row++) {
            int from = (int) (row * length);
            float constant = unusual[random.nextInt(unusual.length)];
            for (int i = 0; i < length; i++) {
                values[from + i] = row % 3 == 2 && row % 5 == 0 ? constant : (float) random.nextDouble(-9, 3) - row % 7 * 4;
            }
            for (int i = 0; i < row % 3; i++) {
                values[from + random.nextInt((int) length)] = unusual[random.nextInt(unusual.length)];
            }
        }
        ConstantValue x = ConstantValue.allocate(DType.F32, List.of(ROWS, length));
        MemorySegment.copy(values, 0, x.data(), ValueLayout.JAVA_FLOAT, 0, values.length);
        return x;
    }
}
