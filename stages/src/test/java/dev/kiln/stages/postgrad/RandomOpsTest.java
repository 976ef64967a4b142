package dev.kiln.stages.postgrad;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.pass.PassContext;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/** Statistics of random ops as the post-grad passes leave them; all seeds are fixed. */
class RandomOpsTest {
    private static final int N = 20_000;

    private static Map<String, ConstantValue> run(long seed, String op, int calls, Object... args) {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        for (int i = 0; i < calls; i++) {
            g.output("y" + i, g.call("aten." + op, args));
        }
        PassContext context = new PassContext(CompileOptions.defaults().withSeed(seed), new Decisions());
        Graph graph = PostGradPasses.run(g.build(), context);
        return Interpreter.run(graph, Map.of());
    }

    private static double mean(ConstantValue value, DoubleUnaryOperator of) {
        double sum = 0;
        for (long i = 0; i < value.numel(); i++) {
            sum += of.applyAsDouble(value.doubleAt(i));
        }
        return sum / value.numel();
    }

    @Test
    void uniformNumbersFillTheInterval() {
        for (DType dtype : List.of(DType.F32, DType.F64, DType.BF16)) {
            ConstantValue value = run(1, "rand.default", 1, List.of(N), dtype).get("y0");
            assertThat(mean(value, x -> x)).isCloseTo(0.5, within(0.01));
            assertThat(mean(value, x -> (x - 0.5) * (x - 0.5))).isCloseTo(1 / 12.0, within(0.003));
            assertThat(mean(value, x -> x >= 0 && x < 1 ? 0 : 1)).isZero();
            for (double from = 0; from < 1; from += 0.125) {
                double low = from;
                assertThat(mean(value, x -> x >= low && x < low + 0.125 ? 1 : 0)).isCloseTo(0.125, within(0.01));
            }
        }
    }

    @Test
    void neighboursAreIndependent() {
        ConstantValue value = run(2, "rand.default", 1, List.of(N)).get("y0");
        for (int lag : new int[] {1, 2, 7, 64}) {
            double sum = 0;
            for (long i = lag; i < N; i++) {
                sum += (value.doubleAt(i) - 0.5) * (value.doubleAt(i - lag) - 0.5);
            }
            assertThat(12 * sum / (N - lag)).isCloseTo(0, within(0.03));
        }
    }

    @Test
    void normalNumbersHaveTheirMoments() {
        ConstantValue value = run(3, "randn.default", 1, List.of(N)).get("y0");
        assertThat(mean(value, x -> x)).isCloseTo(0, within(0.03));
        assertThat(mean(value, x -> x * x)).isCloseTo(1, within(0.05));
        assertThat(mean(value, x -> x * x * x)).isCloseTo(0, within(0.1));
        assertThat(mean(value, x -> x * x * x * x)).isCloseTo(3, within(0.3));
    }

    @Test
    void equalCallsGiveOtherNumbersAndEqualSeedsTheSame() {
        Map<String, ConstantValue> first = run(4, "rand.default", 2, List.of(100));
        assertThat(first.get("y0")).isNotEqualTo(first.get("y1"));
        assertThat(run(4, "rand.default", 2, List.of(100))).isEqualTo(first);
        assertThat(run(5, "rand.default", 2, List.of(100)).get("y0")).isNotEqualTo(first.get("y0"));
    }

    @Test
    void aPermutationHoldsEveryNumberOnce() {
        ConstantValue value = run(6, "randperm.default", 1, 1000).get("y0");
        boolean[] seen = new boolean[1000];
        int fixed = 0;
        for (int i = 0; i < 1000; i++) {
            seen[(int) value.longAt(i)] = true;
            fixed += value.longAt(i) == i ? 1 : 0;
        }
        assertThat(seen).doesNotContain(false);
        assertThat(fixed).isLessThan(10);
    }

    @Test
    void integersAndCoinsAreFair() {
        ConstantValue dice = run(7, "randint.low", 1, 1, 7, List.of(N)).get("y0");
        for (int side = 1; side <= 6; side++) {
            int wanted = side;
            assertThat(mean(dice, x -> x == wanted ? 1 : 0)).isCloseTo(1 / 6.0, within(0.01));
        }
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        g.output("y", g.call("aten.native_dropout.default", g.call("aten.full.default", List.of(N), 3.0), 0.25, true));
        PassContext context = new PassContext(CompileOptions.defaults().withSeed(8), new Decisions());
        ConstantValue kept = Interpreter.run(PostGradPasses.run(g.build(), context), Map.of()).get("y");
        assertThat(mean(kept, x -> x == 0 ? 1 : 0)).isCloseTo(0.25, within(0.015));
        assertThat(mean(kept, x -> x == 0 || x == 4 ? 0 : 1)).isZero();
    }
}
