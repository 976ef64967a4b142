package dev.kiln.stages.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.GraphVerifier;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import dev.kiln.stages.codegen.GraphRunner;
import dev.kiln.stages.codegen.GraphRunner.Program;
import dev.kiln.stages.codegen.GraphRunner.Setup;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

class FunctionalizeRandomTest {
    private static final long N = 1003;

    private final GraphBuilder g = new GraphBuilder(new ShapeEnv());

    private static ConstantValue state(long seed, long offset) {
        return ConstantValue.longs(List.of(2L), seed, offset);
    }

    private static ConstantValue ones(long... sizes) {
        ConstantValue value = ConstantValue.allocate(DType.F32, java.util.Arrays.stream(sizes).boxed().toList());
        for (long i = 0; i < value.numel(); i++) {
            value.set(i, 1.0);
        }
        return value;
    }

    /** Every kind of draw, on sizes that are no multiples of a block. */
    private Graph draws() {
        Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(DType.F32, 17, 59));
        Arg.Ref dropped = g.call("aten.native_dropout.default", x, 0.3, true);
        g.output("dropped", dropped);
        g.output("mask", new Arg.Ref(dropped.node(), 1));
        g.output("rand", g.call("aten.rand.default", List.of(N)));
        g.output("rand64", g.call("aten.rand.default", List.of(N), DType.F64));
        g.output("bf16", g.call("aten.rand.default", List.of(N), DType.BF16));
        g.output("randn", g.call("aten.randn.default", List.of(N)));
        g.output("randn64", g.call("aten.randn.default", List.of(N), DType.F64));
        g.output("dice", g.call("aten.randint.low", 1, 7, List.of(N)));
        g.output("perm", g.call("aten.randperm.default", 101));
        g.output("coins", g.call("aten.bernoulli.p", x, 0.25));
        g.output("again", g.call("aten.native_dropout.default", x, 0.3, true));
        return g.build();
    }

    @Test
    void theStateIsAnInputAndCountersAreCounted() {
        FunctionalizeRandom.Result result = FunctionalizeRandom.run(draws());
        GraphVerifier.verify(result.graph(), "functionalized");
        assertThat(result.state()).contains("rng_state");
        assertThat(result.graph().placeholders()).extracting("source").containsExactly("x", "rng_state");
        assertThat(result.counters().asLong()).isEqualTo(251 * 3 + 251 * 3 + 502 * 3 + 51);
    }

    @Test
    void compiledAndInterpretedRunsDrawTheSameWhateverTheThreads() {
        Graph graph = FunctionalizeRandom.run(draws()).graph();
        Map<String, ConstantValue> inputs = Map.of("x", ones(17, 59), "rng_state", state(-5, 1L << 40));
        Map<String, ConstantValue> expected = Interpreter.run(graph, inputs);
        for (int threads : new int[] {1, 2}) {
            Setup setup = Setup.of(CpuInfo.detect().bestIsa(), Effort.FAST).withThreads(threads);
            Map<String, ConstantValue> actual = new GraphRunner(setup).prepare(List.of(new Program(graph, inputs)))
                .getFirst().get();
            expected.forEach((name, value) -> {
                double tolerance = name.startsWith("randn") ? 2e-5 : 0;
                for (long i = 0; i < value.numel(); i++) {
                    assertThat(actual.get(name).doubleAt(i)).as("%s[%d]", name, i)
                        .isCloseTo(value.doubleAt(i), within(tolerance));
                }
            });
        }
    }

    @Test
    void statesThatDifferGiveOtherNumbersAndEqualOnesTheSame() {
        Graph graph = FunctionalizeRandom.run(draws()).graph();
        Map<String, ConstantValue> first = run(graph, state(1, 0));
        assertThat(same(run(graph, state(1, 0)), first, "rand")).isTrue();
        assertThat(same(run(graph, state(2, 0)), first, "rand")).isFalse();
        assertThat(same(run(graph, state(1, 5000)), first, "rand")).isFalse();
        assertThat(first.get("dropped").data().mismatch(first.get("again").data())).isGreaterThanOrEqualTo(0);
        assertThat(first.get("mask").longAt(0)).isEqualTo(first.get("dropped").doubleAt(0) == 0 ? 0 : 1);
        assertThat(run(graph, state(1, 1)).get("rand").doubleAt(0)).as("the next counter's numbers")
            .isEqualTo(first.get("rand").doubleAt(1));
    }

    private static Map<String, ConstantValue> run(Graph graph, ConstantValue state) {
        return Interpreter.run(graph, Map.of("x", ones(17, 59), "rng_state", state));
    }

    private static boolean same(Map<String, ConstantValue> a, Map<String, ConstantValue> b, String name) {
        return a.get(name).data().mismatch(b.get(name).data()) < 0;
    }

    @Test
    void openSizesCountTheirCounters() {
        SymInt rows = g.shapes().backed("s0", 1, 1000, 8);
        Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(DType.F32, List.of(rows, SymInt.of(3))));
        g.output("y", g.call("aten.dropout.default", x, 0.5, true));
        FunctionalizeRandom.Result result = FunctionalizeRandom.run(g.build());
        for (long size : new long[] {1, 2, 8, 333}) {
            assertThat(result.counters().evaluate(s -> size)).isEqualTo((3 * size + 3) / 4);
            ConstantValue y = Interpreter.run(result.graph(),
                Map.of("x", ones(size, 3), "rng_state", state(3, 4))).get("y");
            assertThat(y.sizes()).containsExactly(size, 3L);
            assertThat(y.doubleAt(0)).isIn(0.0, 2.0);
        }
    }

    @Test
    void graphsThatDrawNothingStayAsTheyAre() {
        Arg.Ref x = g.placeholder("rng_state", FakeTensor.contiguous(DType.F32, 4));
        g.output("y", g.call("aten.dropout.default", x, 0.5, false));
        FunctionalizeRandom.Result result = FunctionalizeRandom.run(g.build());
        assertThat(result.state()).isEqualTo(Optional.empty());
        assertThat(result.counters().is(0)).isTrue();
        assertThat(result.graph().placeholders()).hasSize(1);
    }

    @Test
    void namesOfTheUsersAreLeftAlone() {
        Arg.Ref x = g.placeholder("rng_state", FakeTensor.contiguous(DType.F32, 4));
        g.output("y", g.call("aten.dropout.default", x, 0.5, true));
        FunctionalizeRandom.Result result = FunctionalizeRandom.run(g.build());
        assertThat(result.state()).contains("rng_state_");
        assertThat(result.graph().placeholders()).extracting("source").containsExactly("rng_state", "rng_state_");
    }

    /** Dropout in a function that is differentiated: the mask is saved, in one byte an element, and not drawn again. */
    @Test
    void theBackwardGraphTakesTheMaskOfTheForwardGraph() {
        Arg.Ref x = g.placeholder("x", FakeTensor.contiguous(DType.F32, 64, 60));
        g.output("y", g.call("aten.native_dropout.default", g.call("aten.mul.Tensor", x, x), 0.3, true));
        FunctionalizeRandom.Result result = FunctionalizeRandom.run(g.build());
        JointGraph joint = JointGraphBuilder.build(result.graph(), java.util.Set.of("x"), i -> true);
        Random random = new Random(1);
        ConstantValue input = ConstantValue.allocate(DType.F32, List.of(64L, 60L));
        for (long i = 0; i < input.numel(); i++) {
            input.set(i, random.nextGaussian());
        }
        Map<String, ConstantValue> all = new LinkedHashMap<>(Map.of("x", input, "rng_state", state(9, 9)));
        all.put("tangent_0", ones(64, 60));
        Map<String, ConstantValue> expected = Interpreter.run(joint.graph(), all);
        for (double budget : new double[] {0, 0.5, 1}) {
            Partition partition = new MinCutPartitioner(PartitionOptions.defaults().withActivationMemoryBudget(budget))
                .partition(joint);
            assertThat(JointSketch.bytes(partition)).isEqualTo(64 * 60);
            assertThat(JointSketch.ops(partition.backward())).doesNotContain("philox");
            all.putAll(Interpreter.run(partition.forward(), all));
            ConstantValue gradient = Interpreter.run(partition.backward(), all).get("grad_x");
            assertThat(gradient.data().mismatch(expected.get("grad_x").data())).isEqualTo(-1);
        }
    }
}
