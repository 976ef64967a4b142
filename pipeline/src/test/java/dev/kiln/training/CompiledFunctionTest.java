package dev.kiln.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.CompiledFunction;
import dev.kiln.FunctionOptions;
import dev.kiln.FunctionOptions.Backend;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.nn.Functional;
import dev.kiln.optim.AdamW;
import dev.kiln.optim.Optimizer;
import dev.kiln.optim.SGD;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CompiledFunctionTest {
    @TempDir
    private Path folder;
    private Kiln kiln;

    @BeforeEach
    void open() {
        kiln = Kiln.open(KilnConfig.of(new CacheSettings(folder, CacheMode.WRITE)));
    }

    @AfterEach
    void close() {
        kiln.close();
    }

    /** Two layers over captured weights. */
    private static final class Mlp {
        final Tensor first = Torch.randn(1, 16, 8).requires_grad_();
        final Tensor bias = Torch.zeros(16).requires_grad_();
        final Tensor second = Torch.randn(2, 1, 16).requires_grad_();

        Tensor loss(Tensor x, Tensor y) {
            Tensor hidden = x.matmul(first.t()).add(bias).tanh();
            return hidden.matmul(second.t()).sub(y).square().mean();
        }

        List<Tensor> parameters() {
            return List.of(first, bias, second);
        }
    }

    private static final Tensor X = Torch.randn(3, 32, 8);
    private static final Tensor Y = Torch.randn(4, 32, 1);

    private static List<float[]> gradients(Mlp mlp, CompiledFunction loss) {
        mlp.parameters().forEach(p -> p.grad(null));
        loss.call(X, Y).backward();
        return mlp.parameters().stream().map(p -> p.grad().toFloatArray()).toList();
    }

    @Test
    void gradientsOfCapturedWeightsEqualTheInterpreters() {
        Mlp mlp = new Mlp();
        List<float[]> compiled = gradients(mlp, kiln.compile(mlp::loss));
        List<float[]> reference = gradients(mlp, kiln.compile(mlp::loss,
            FunctionOptions.defaults().withBackend(Backend.AOT_EAGER)));
        for (int i = 0; i < compiled.size(); i++) {
            assertThat(compiled.get(i)).containsExactly(reference.get(i), within(1e-5f));
        }
    }

    @Test
    void optimizersLowerTheLoss() {
        for (String which : List.of("adamw", "sgd")) {
            Mlp mlp = new Mlp();
            CompiledFunction loss = kiln.compile(mlp::loss);
            try (Optimizer optimizer = which.equals("sgd")
                    ? new SGD(kiln, mlp.parameters(), SGD.Settings.defaults().withLr(0.01).withMomentum(0.9))
                    : new AdamW(kiln, mlp.parameters(), AdamW.Settings.defaults().withLr(0.01))) {
                List<Double> losses = new ArrayList<>();
                for (int step = 0; step < 100; step++) {
                    optimizer.zero_grad();
                    Tensor value = loss.call(X, Y);
                    value.backward();
                    optimizer.step();
                    losses.add(value.item().doubleValue());
                }
                assertThat(losses.getLast()).as(which).isLessThan(losses.getFirst() / 5);
                assertThat(loss.variants()).hasSize(1);
                assertThat(optimizer.compiled().variants()).hasSize(1);
            }
        }
    }

    @Test
    void gradientsGoThroughSeveralFunctions() {
        Tensor w = Torch.randn(5, 8, 8).requires_grad_();
        CompiledFunction inner = kiln.compile((Tensor x) -> x.matmul(w).tanh());
        CompiledFunction outer = kiln.compile((Tensor x) -> x.square().sum());
        outer.call(inner.call(inner.call(X))).backward();
        float[] twice = w.grad().toFloatArray();
        w.grad(null);
        kiln.compile((Tensor x) -> x.matmul(w).tanh().matmul(w).tanh().square().sum()).call(X).backward();
        assertThat(twice).containsExactly(w.grad().toFloatArray(), within(1e-4f));
    }

    /** Captured variables of a lambda have no names of their own. */
    @Test
    void capturedTensorsOfOneNameAreToldApart() {
        Tensor factor = Tensor.of(new float[] {2, 3}).requires_grad_();
        Tensor summand = Tensor.of(new float[] {5, 7}).requires_grad_();
        CompiledFunction f = kiln.compile((Tensor x) -> x.mul(factor).add(summand));
        Tensor y = f.call(Tensor.of(new float[] {10, 100}));
        y.backward(Torch.ones(2));
        assertThat(y.toFloatArray()).containsExactly(25, 307);
        assertThat(factor.grad().toFloatArray()).containsExactly(10, 100);
        assertThat(summand.grad().toFloatArray()).containsExactly(1, 1);
    }

    @Test
    void attentionDropsOtherProbabilitiesInEachCallAndLayer() {
        Tensor q = Torch.randn(5, 2, 9, 8);
        Kiln.Function1 dropped = x -> Functional.scaled_dot_product_attention(x, x, x, null, 0.5, false).sub(
            Functional.scaled_dot_product_attention(x, x, x, null, 0.5, false));
        List<float[]> runs = new ArrayList<>();
        for (Backend backend : Backend.values()) {
            CompiledFunction f = kiln.compile(dropped, FunctionOptions.defaults().withBackend(backend));
            kiln.manual_seed(7);
            runs.add(f.call(q).toFloatArray());
            runs.add(f.call(q).toFloatArray());
        }
        assertThat(runs.get(0)).isNotEqualTo(new float[runs.get(0).length]).isNotEqualTo(runs.get(1));
        assertThat(runs.get(0)).containsExactly(runs.get(2), within(1e-4f));
        assertThat(runs.get(1)).containsExactly(runs.get(3), within(1e-4f));
    }

    @Test
    void aSecondSizeOpensTheDimension() {
        Tensor w = Torch.randn(5, 8, 4).requires_grad_();
        CompiledFunction f = kiln.compile((Tensor x) -> x.matmul(w).relu().sum());
        for (int rows : List.of(32, 16, 7, 100)) {
            w.grad(null);
            Tensor x = Torch.randn(rows, rows, 8);
            f.call(x).backward();
            Tensor expected = Tensor.of(x.value());
            assertThat(w.grad().toFloatArray()).hasSize(32);
            assertThat(f.call(expected).item().doubleValue())
                .isCloseTo(expected.matmul(Tensor.of(w.value())).relu().sum().item().doubleValue(), within(1e-2));
        }
        assertThat(f.variants()).hasSize(2);
    }

    @Test
    void aWeightThatChangedBeforeTheBackwardIsRefused() {
        Mlp mlp = new Mlp();
        Tensor value = kiln.compile(mlp::loss).call(X, Y);
        mlp.second.requires_grad_(false).mul_(2);
        assertThatThrownBy(value::backward).hasMessageContaining("was changed in place since");
    }

    @Test
    void anUnusedParameterStartsItsOwnCount() {
        Tensor a = Torch.ones(4).requires_grad_();
        Tensor late = Torch.ones(4).requires_grad_();
        try (AdamW together = new AdamW(kiln, List.of(a, late), AdamW.Settings.defaults());
                AdamW alone = new AdamW(kiln, List.of(Torch.ones(4).requires_grad_()), AdamW.Settings.defaults())) {
            together.step();
            assertThat(together.steps()).isZero();
            a.grad(Torch.ones(4));
            together.step();
            late.grad(Torch.ones(4));
            together.step();
            assertThat(together.steps()).isEqualTo(2);
            alone.parameters().getFirst().grad(Torch.ones(4));
            alone.step();
            assertThat(late.toFloatArray()).containsExactly(alone.parameters().getFirst().toFloatArray(), within(1e-7f));
        }
    }

    @Test
    void anOptimizerGoesOnFromAFileToTheLastBit(@TempDir Path dir) throws IOException {
        Tensor whole = Torch.randn(1, 8).requires_grad_();
        Tensor resumed = Torch.randn(1, 8).requires_grad_();
        try (AdamW once = new AdamW(kiln, List.of(whole), AdamW.Settings.defaults());
                AdamW before = new AdamW(kiln, List.of(resumed), AdamW.Settings.defaults());
                AdamW after = new AdamW(kiln, List.of(resumed), AdamW.Settings.defaults().withLr(1))) {
            for (int step = 0; step < 6; step++) {
                once.learningRate(0.1);
                whole.grad(Torch.randn(step, 8));
                once.step();
                resumed.grad(Torch.randn(step, 8));
                if (step < 3) {
                    before.learningRate(0.1);
                    before.step();
                    before.save(dir.resolve("optimizer.safetensors"));
                } else {
                    after.load(dir.resolve(step == 3 ? "optimizer.safetensors" : "now.safetensors"));
                    after.step();
                    after.save(dir.resolve("now.safetensors"));
                }
            }
            assertThat(resumed.toFloatArray()).containsExactly(whole.toFloatArray());
            assertThat(after.steps()).isEqualTo(6);
            assertThat(after.state_dict()).containsOnlyKeys("state.0.step", "state.0.exp_avg", "state.0.exp_avg_sq",
                "param_groups.0.lr");
            assertThatThrownBy(() -> after.load_state_dict(Map.of())).hasMessageContaining("state.0.exp_avg is missing");
        }
    }

    @Test
    void aSecondBackwardNeedsRetainGraph() {
        Mlp mlp = new Mlp();
        CompiledFunction loss = kiln.compile(mlp::loss);
        Tensor value = loss.call(X, Y);
        value.backward(Torch.ones(), true);
        value.backward();
        assertThatThrownBy(value::backward).hasMessageContaining("retain_graph");
    }

    @Test
    void dropoutDrawsNewNumbersAndTheSameForTheSameSeed() {
        Tensor w = Torch.randn(5, 8, 64).requires_grad_();
        Kiln.Function1 dropped = x -> Functional.dropout(x.matmul(w), 0.5, true).sum();
        List<float[]> runs = new ArrayList<>();
        for (Backend backend : Backend.values()) {
            CompiledFunction f = kiln.compile(dropped, FunctionOptions.defaults().withBackend(backend));
            kiln.manual_seed(7);
            for (int i = 0; i < 2; i++) {
                w.grad(null);
                f.call(X).backward();
                runs.add(w.grad().toFloatArray());
            }
        }
        assertThat(runs.get(0)).isNotEqualTo(runs.get(1));
        assertThat(runs.get(0)).containsExactly(runs.get(2), within(1e-4f));
        assertThat(runs.get(1)).containsExactly(runs.get(3), within(1e-4f));
    }
}
