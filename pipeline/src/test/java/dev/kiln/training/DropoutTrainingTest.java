package dev.kiln.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.CompiledFunction;
import dev.kiln.FunctionOptions;
import dev.kiln.FunctionOptions.Backend;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.demo.train.Gpt;
import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.optim.AdamW;
import dev.kiln.optim.Optimizer;
import dev.kiln.optim.SGD;
import dev.kiln.stages.CompileOptions;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A GPT with dropout is trained by compiled graphs as by Kiln's interpreter: the same seed drops the same elements. */
class DropoutTrainingTest {
    private static final Gpt.Settings MODEL = new Gpt.Settings(13, 2, 16, 2, 9, 0.3);
    private static final FunctionOptions DEFAULTS = FunctionOptions.defaults()
        .withCompile(CompileOptions.defaults().withMaxAutotune(false));
    private static final int STEPS = 4;
    private static final Tensor INPUT = Torch.randint(1, 0, 13, 3, 9);
    private static final Tensor TARGET = Torch.randint(2, 0, 13, 3, 9);

    /** What the interpreter gives: how a graph is cut changes nothing in it. */
    private static final Map<String, Map<String, Tensor>> INTERPRETED = new HashMap<>();

    @TempDir
    private Path folder;

    /** @param tolerance relative to the largest element of each tensor */
    private record Case(String name, FunctionOptions options, boolean adam, double tolerance) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Case> cases() {
        return Stream.of(new Case("sgd", DEFAULTS, false, 1e-4),
            new Case("adamw", DEFAULTS, true, 1e-4),
            new Case("lazy backward", DEFAULTS.withLazyBackward(true), false, 1e-4),
            new Case("memory budget", DEFAULTS.withActivationMemoryBudget(0.3), false, 1e-4),
            new Case("bf16", DEFAULTS.withAutocast(DType.BF16), false, 0.03));
    }

    /** Losses of two steps from where {@code state} tells. */
    private static List<Double> losses(Kiln kiln, CompiledFunction loss, Tensor state) {
        kiln.set_rng_state(state);
        return List.of(loss.call(INPUT, TARGET).item().doubleValue(), loss.call(INPUT, TARGET).item().doubleValue());
    }

    @Test
    void goesOnWhereTheRandomNumbersWere() {
        try (Kiln kiln = Kiln.open(KilnConfig.of(new CacheSettings(folder, CacheMode.WRITE)))) {
            Gpt model = new Gpt(MODEL, new Generator(5));
            CompiledFunction loss = kiln.compile(model::loss, DEFAULTS.withBackend(Backend.AOT_EAGER));
            kiln.manual_seed(3);
            loss.call(INPUT, TARGET);
            Tensor state = kiln.get_rng_state();
            List<Double> first = losses(kiln, loss, state);
            assertThat(first).doesNotHaveDuplicates();
            assertThat(losses(kiln, loss, state)).isEqualTo(first);
            assertThatThrownBy(() -> kiln.set_rng_state(Tensor.of(new float[] {1, 2})))
                .isInstanceOf(KilnException.BadInput.class).hasMessageContaining("i64[2]");
        }
    }

    /**
     * Loss and gradients of every step, then the parameters; not those whose gradient is zero but for rounding, as that of
     * the keys' bias, since AdamW divides it by its own size.
     */
    private static Map<String, Tensor> train(Kiln kiln, Case test, FunctionOptions options) {
        kiln.manual_seed(11);
        Gpt model = new Gpt(MODEL, new Generator(5));
        Map<String, Tensor> seen = new LinkedHashMap<>();
        try (CompiledFunction loss = kiln.compile(model::loss, options);
                Optimizer optimizer = optimizer(kiln, test, model, options)) {
            for (int step = 0; step < STEPS; step++) {
                String at = " of step " + step;
                optimizer.zero_grad();
                Tensor value = loss.call(INPUT, TARGET);
                value.backward();
                seen.put("loss" + at, value);
                model.state_dict().forEach((name, p) -> seen.put("gradient of " + name + at, p.grad()));
                optimizer.step();
            }
            assertThat(loss.variants()).hasSize(1);
        }
        model.state_dict().forEach((name, p) -> {
            if (!test.adam() || !name.endsWith("queryKeyValue.bias")) {
                seen.put(name, p);
            }
        });
        return seen;
    }

    private static Optimizer optimizer(Kiln kiln, Case test, Gpt model, FunctionOptions options) {
        return test.adam() ? new AdamW(kiln, model.parameters(), AdamW.Settings.defaults().withLr(0.01), options)
            : new SGD(kiln, model.parameters(), SGD.Settings.defaults().withLr(0.05).withMomentum(0.9), options);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void compiledAsInterpreted(Case test) {
        try (Kiln kiln = Kiln.open(KilnConfig.of(new CacheSettings(folder, CacheMode.WRITE)))) {
            Map<String, Tensor> compiled = train(kiln, test, test.options());
            FunctionOptions plain = test.options().autocast().map(DEFAULTS::withAutocast).orElse(DEFAULTS)
                .withBackend(Backend.AOT_EAGER);
            Map<String, Tensor> interpreted = INTERPRETED.computeIfAbsent(test.adam() + " " + test.options().autocast(),
                k -> train(kiln, test, plain));
            List<String> wrong = new ArrayList<>();
            interpreted.forEach((name, expected) -> {
                double error = error(expected.toFloatArray(), compiled.get(name).toFloatArray());
                if (!(error <= test.tolerance())) {
                    wrong.add(name + ": " + error);
                }
            });
            assertThat(wrong).isEmpty();
            assertThat(compiled).hasSameSizeAs(interpreted).hasSizeGreaterThan(100);
            assertThat(compiled.get("loss of step 0").item()).isNotEqualTo(compiled.get("loss of step 1").item());
        }
    }

    /** Largest difference, relative to the largest element. */
    private static double error(float[] expected, float[] actual) {
        assertThat(actual).hasSameSizeAs(expected);
        double largest = 0;
        double difference = 0;
        for (int i = 0; i < expected.length; i++) {
            largest = Math.max(largest, Math.abs(expected[i]));
            difference = Math.max(difference, Math.abs(expected[i] - actual[i]));
        }
        assertThat(largest).isPositive();
        return difference / largest;
    }
}
