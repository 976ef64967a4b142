package dev.kiln.stages.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner;
import dev.kiln.stages.codegen.GraphRunner.Program;
import dev.kiln.stages.postgrad.EliminateDeadCode;
import dev.kiln.stages.trace.LowPrecisionBarriers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * With {@code emulate_precision_casts}, fused f16 and bf16 pointwise chains equal libtorch's eager mode bit for bit.
 * {@code -Dkiln.fuzz.seed} and {@code -Dkiln.fuzz.graphs} choose which chains are tried nightly.
 */
class EmulatePrecisionCastsTest {
    private static final Isa BEST = CpuInfo.detect().bestIsa();
    private static final long SEED = Long.getLong("kiln.fuzz.seed", 1);
    private static final int PROGRAMS = 120;
    private static final int NIGHTLY_PROGRAMS = Integer.getInteger("kiln.fuzz.graphs", 3000);

    @Test
    void randomChainsEqualEager() {
        assertEqualEager(SEED, PROGRAMS, Effort.FULL, BEST);
    }

    @Test
    @Tag("nightly")
    void manyRandomChainsEqualEagerOnEveryCpu() {
        for (Isa isa : List.of(BEST, Isa.AVX2, Isa.BASELINE)) {
            assertEqualEager(SEED + 1_000_000, NIGHTLY_PROGRAMS, Effort.FULL, isa);
        }
    }

    private static void assertEqualEager(long first, int count, Effort effort, Isa isa) {
        long[] seeds = LongStream.iterate(first, s -> s + 1).filter(s -> hasLowPrecision(LowPrecisionChains.program(s)))
            .limit(count).toArray();
        List<Graph> graphs = LongStream.of(seeds).mapToObj(LowPrecisionChains::program).toList();
        List<Supplier<Map<String, ConstantValue>>> results = new GraphRunner(isa, effort).prepare(graphs.stream()
            .map(g -> new Program(LowPrecisionBarriers.mark(g), LowPrecisionChains.inputs(g, first))).toList());
        List<String> differences = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Map<String, ConstantValue> eager = LowPrecisionChains.eager(graphs.get(i),
                LowPrecisionChains.inputs(graphs.get(i), first));
            Map<String, ConstantValue> compiled = results.get(i).get();
            for (String output : eager.keySet()) {
                String difference = difference(compiled.get(output), eager.get(output),
                    LowPrecisionChains.zerosAreEqual(seeds[i]));
                if (!difference.isEmpty()) {
                    differences.add("seed " + seeds[i] + ", " + output + difference + "\n" + graphs.get(i));
                }
            }
        }
        assertThat(differences.stream().limit(3).toList()).as("%d of %d", differences.size(), count).isEmpty();
    }

    /** Whether the results depend on a call that the option is about: of others, products and sums may be fused. */
    private static boolean hasLowPrecision(Graph graph) {
        return EliminateDeadCode.run(LowPrecisionBarriers.mark(graph)).calls().stream()
            .anyMatch(c -> c.meta().lowPrecisionBarrier());
    }

    /** Where two tensors differ in bits; all NaNs are the same. */
    private static String difference(ConstantValue actual, ConstantValue expected) {
        return difference(actual, expected, false);
    }

    private static String difference(ConstantValue actual, ConstantValue expected, boolean zerosAreEqual) {
        assertThat(actual.dtype()).isEqualTo(expected.dtype());
        for (long i = 0; i < expected.numel(); i++) {
            boolean zeros = zerosAreEqual && actual.doubleAt(i) == 0 && expected.doubleAt(i) == 0;
            if (Double.compare(actual.doubleAt(i), expected.doubleAt(i)) != 0 && !zeros) {
                return "[" + i + "] is " + actual.doubleAt(i) + ", should be " + expected.doubleAt(i);
            }
        }
        return "";
    }

    private static Map<String, ConstantValue> run(Graph graph, Map<String, ConstantValue> inputs) {
        return new GraphRunner(BEST, Effort.FULL).prepare(List.of(new Program(graph, inputs))).getFirst().get();
    }

    private static Graph chain(DType dtype) {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(dtype, LowPrecisionChains.ELEMENTS));
        Arg.Ref y = g.call("aten.add.Scalar", g.call("aten.mul.Scalar", x, 0.3), 0.1);
        g.output("y", g.call("aten.mul.Scalar", g.call("aten.mul.Tensor", y, y), 0.7));
        return g.build();
    }

    @ParameterizedTest
    @EnumSource(value = DType.class, names = {"F16", "BF16"})
    void withoutTheOptionChainsStayInF32(DType dtype) {
        Graph graph = chain(dtype);
        Map<String, ConstantValue> inputs = LowPrecisionChains.inputs(graph, 7);
        ConstantValue fused = run(graph, inputs).get("y");
        ConstantValue eager = LowPrecisionChains.eager(graph, inputs).get("y");
        ConstantValue wide = ConstantValue.allocate(dtype, List.of(LowPrecisionChains.ELEMENTS));
        for (long i = 0; i < wide.numel(); i++) {
            double y = inputs.get("x").doubleAt(i) * 0.3 + 0.1;
            wide.set(i, y * y * 0.7);
        }
        assertThat(difference(fused, eager)).isNotEmpty();
        assertThat(run(LowPrecisionBarriers.mark(graph), inputs).get("y")).satisfies(
            y -> assertThat(difference(y, eager)).isEmpty());
        assertThat(error(fused, wide)).isLessThan(error(eager, wide) / 2);
    }

    /** Sum of relative differences over the finite elements. */
    private static double error(ConstantValue actual, ConstantValue expected) {
        double sum = 0;
        for (long i = 0; i < actual.numel(); i++) {
            double want = expected.doubleAt(i);
            sum += Double.isFinite(want) && want != 0 ? Math.abs(actual.doubleAt(i) / want - 1) : 0;
        }
        return sum;
    }

    /** f32 to bf16 or f16 and back is a truncation that the user asked for. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void explicitRoundTripsAreKept(boolean emulate) {
        for (DType low : List.of(DType.BF16, DType.F16)) {
            GraphBuilder g = new GraphBuilder(new ShapeEnv());
            Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(DType.F32, LowPrecisionChains.ELEMENTS));
            Arg.Ref scaled = g.call("aten.mul.Scalar", x, 1.1);
            Arg.Ref rounded = g.call("aten._to_copy.default", g.call("aten._to_copy.default", scaled, low), DType.F32);
            g.output("y", g.call("aten.sub.Tensor", scaled, rounded));
            Arg.Ref full = g.call("aten.full.default", List.of(LowPrecisionChains.ELEMENTS), 0.1, low);
            g.output("f", g.call("aten.mul.Scalar", g.call("aten._to_copy.default", full, DType.F32), 3));
            Graph graph = emulate ? LowPrecisionBarriers.mark(g.build()) : g.build();
            Map<String, ConstantValue> inputs = LowPrecisionChains.inputs(graph, 3);
            Map<String, ConstantValue> eager = LowPrecisionChains.eager(graph, inputs);
            Map<String, ConstantValue> compiled = run(graph, inputs);
            assertThat(difference(compiled.get("y"), eager.get("y"))).as("%s", low).isEmpty();
            assertThat(difference(compiled.get("f"), eager.get("f"))).as("%s", low).isEmpty();
        }
    }

    /** Decompositions compute in f32 inside; only where the user's program reads and writes, there are casts. */
    @Test
    void decompositionsHaveNoBarriers() {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(DType.BF16, 4, 6));
        g.output("y", g.call("aten.neg.default", g.call("aten.glu.default", g.call("aten.relu.default", x), 1)));
        Graph marked = LowPrecisionBarriers.mark(g.build());
        Graph simple = dev.kiln.stages.codegen.BatchedGraph.of(marked, BEST).graph();
        assertThat(simple.calls().stream().filter(c -> c.meta().lowPrecisionBarrier()).map(c -> c.op().packet()))
            .containsExactly("relu", "neg");
        assertThat(simple.calls().stream().map(c -> c.op().packet())).contains("sigmoid", "mul");
    }

    /** Functions that libtorch approximates differently are off by one unit at most, and seldom. */
    @ParameterizedTest
    @ValueSource(strings = {"exp", "tanh", "sigmoid", "silu", "gelu", "erf", "log", "sin"})
    void functionsAreWithinOneUnit(String function) {
        for (DType dtype : List.of(DType.BF16, DType.F16)) {
            GraphBuilder g = new GraphBuilder(new ShapeEnv());
            Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(dtype, LowPrecisionChains.ELEMENTS));
            g.output("y", g.call("aten." + function + ".default", g.call("aten.mul.Scalar", x, 0.3)));
            Graph graph = g.build();
            Map<String, ConstantValue> inputs = LowPrecisionChains.inputs(graph, 5);
            ConstantValue eager = LowPrecisionChains.eager(graph, inputs).get("y");
            ConstantValue compiled = run(LowPrecisionBarriers.mark(graph), inputs).get("y");
            double unit = dtype == DType.BF16 ? 0x1p-7 : 0x1p-10;
            int different = 0;
            for (long i = 0; i < eager.numel(); i++) {
                double want = eager.doubleAt(i);
                different += Double.compare(want, compiled.doubleAt(i)) == 0 ? 0 : 1;
                if (Double.isFinite(want)) {
                    assertThat(Math.abs(compiled.doubleAt(i) - want))
                        .as("%s of %s", function, inputs.get("x").doubleAt(i))
                        .isLessThanOrEqualTo(Math.max(unit * Math.abs(want), 0x1p-24));
                }
            }
            assertThat(different).as(function).isLessThanOrEqualTo(8);
        }
    }
}
