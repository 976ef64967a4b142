package dev.kiln.training;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.CompiledFunction;
import dev.kiln.FunctionOptions;
import dev.kiln.FunctionOptions.Backend;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.nn.Functional;
import dev.kiln.stages.CompileOptions;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Random functions, whose values are read early and late, in rows and in columns, through views and products: what is
 * compiled writes over what it has read, which must not be seen in any gradient.
 */
class MemoryReuseFuzzTest {
    private static final int SIZE = 24;
    private static final float ROUNDING = 2e-4f;

    @TempDir
    private Path folder;

    /** A function of matrices [SIZE, SIZE] that a seed tells. */
    private record RandomFunction(long seed, int steps, List<Tensor> weights) {
        static RandomFunction of(long seed, int steps) {
            List<Tensor> weights = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                weights.add(Torch.randn(seed + i, SIZE, SIZE).requires_grad_());
            }
            return new RandomFunction(seed, steps, weights);
        }

        Tensor loss(Tensor x) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Tensor> values = new ArrayList<>(weights);
            values.add(x);
            for (int i = 0; i < steps; i++) {
                values.add(next(random, pick(random, values), pick(random, values)));
            }
            Tensor sum = values.getLast().square().mean();
            for (Tensor value : values.subList(0, values.size() - 1)) {
                sum = sum.add(value.tanh().mean());
            }
            return sum;
        }

        /** Late values are taken more often. */
        private static Tensor pick(SplittableRandom random, List<Tensor> values) {
            return values.get(values.size() - 1 - random.nextInt(random.nextInt(values.size()) + 1));
        }

        private static Tensor next(SplittableRandom random, Tensor a, Tensor b) {
            return switch (random.nextInt(12)) {
                case 0 -> a.add(b);
                case 1 -> a.mul(b).tanh();
                case 2 -> a.matmul(b).mul(0.2);
                case 3 -> a.t().matmul(b.tanh()).mul(0.2).add(a);
                case 4 -> Functional.gelu(a).add(b.t());
                case 5 -> a.softmax(-1).mul(b);
                case 6 -> a.softmax(0).sub(b);
                case 7 -> a.sub(a.mean(new int[] {-1}, true)).mul(b.sigmoid());
                case 8 -> a.t().tanh().add(b.sum(new int[] {0}, true).mul(0.1));
                case 9 -> Torch.cat(List.of(a.slice(0, 0, SIZE / 2), b.slice(0, SIZE / 2, SIZE)), 0).tanh();
                case 10 -> a.view(SIZE / 2, 2, SIZE).transpose(0, 1).reshape(SIZE, SIZE).mul(b.cos());
                default -> a.matmul(b.t()).mul(0.1).sigmoid().matmul(a).mul(0.2).add(b);
            };
        }
    }

    private List<float[]> results(Kiln kiln, RandomFunction function, Backend backend, double budget) {
        FunctionOptions options = FunctionOptions.defaults().withBackend(backend).withActivationMemoryBudget(budget)
            .withCompile(CompileOptions.defaults().withMaxAutotune(false));
        CompiledFunction loss = kiln.compile(function::loss, options);
        List<float[]> results = new ArrayList<>();
        for (int step = 0; step < 2; step++) {
            results.clear();
            Tensor value = loss.call(Torch.randn(7, SIZE, SIZE));
            value.backward();
            results.add(value.toFloatArray());
            function.weights().forEach(w -> results.add(w.borrowedGrad().toFloatArray()));
            function.weights().forEach(w -> w.grad(null));
        }
        loss.close();
        return List.copyOf(results);
    }

    private void check(int seeds, long first) {
        try (Kiln kiln = Kiln.open(KilnConfig.of(new CacheSettings(folder, CacheMode.WRITE)))) {
            for (long seed = first; seed < first + seeds; seed++) {
                RandomFunction function = RandomFunction.of(seed, 6 + (int) (seed % 9));
                List<float[]> expected = results(kiln, function, Backend.AOT_EAGER, 1);
                for (double budget : seed % 2 == 0 ? List.of(1.0) : List.of(0.0, 0.5)) {
                    List<float[]> actual = results(kiln, function, Backend.KILN, budget);
                    for (int i = 0; i < expected.size(); i++) {
                        assertThat(difference(actual.get(i), expected.get(i))).as("result %d of seed %d, budget %s", i, seed,
                            budget).isLessThan(ROUNDING);
                    }
                }
            }
        }
    }

    /** The largest, as a share of the largest value. */
    private static float difference(float[] actual, float[] expected) {
        float most = 1e-3f;
        float apart = 0;
        for (int i = 0; i < expected.length; i++) {
            most = Math.max(most, Math.abs(expected[i]));
            apart = Math.max(apart, Float.isNaN(actual[i]) ? Float.POSITIVE_INFINITY : Math.abs(actual[i] - expected[i]));
        }
        return apart / most;
    }

    @Test
    void gradientsAreThoseOfTheInterpreter() {
        check(4, 1);
    }

    @Tag("nightly")
    @Test
    void gradientsOfManyFunctionsAreThoseOfTheInterpreter() {
        check(60, 1000);
    }
}
