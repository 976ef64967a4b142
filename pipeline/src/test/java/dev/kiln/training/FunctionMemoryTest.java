package dev.kiln.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.CompiledFunction;
import dev.kiln.FunctionOptions;
import dev.kiln.FunctionOptions.Backend;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.optim.SGD;
import dev.kiln.pipeline.function.FunctionMemory;
import dev.kiln.stages.CompileOptions;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory that calls of functions hand on to each other never changes under somebody who still sees it. */
class FunctionMemoryTest {
    private static final FunctionOptions OPTIONS = FunctionOptions.defaults()
        .withCompile(CompileOptions.defaults().withMaxAutotune(false));
    private static final Tensor X = Torch.randn(3, 64, 32);
    private static final Tensor OTHER = Torch.randn(4, 64, 32);

    /** Bytes of those of {@link Net}. */
    private static final long GRADIENTS = 4 * (32 * 128 + 128 * 128 + 128 * 4);

    /** All tests find what the first of them compiled. */
    @TempDir
    private static Path folder;

    private Kiln kiln;

    @BeforeEach
    void open() {
        kiln = Kiln.open(KilnConfig.of(new CacheSettings(folder, CacheMode.WRITE)));
    }

    @AfterEach
    void close() {
        kiln.close();
    }

    /** Three layers, whose hidden values a backward needs. */
    private static final class Net {
        final List<Tensor> weights = List.of(Torch.randn(1, 32, 128).requires_grad_(), Torch.randn(2, 128, 128)
            .requires_grad_(), Torch.randn(5, 128, 4).requires_grad_());

        List<Tensor> hiddenAndLoss(Tensor x) {
            Tensor first = x.matmul(weights.get(0)).tanh();
            Tensor second = first.matmul(weights.get(1)).mul(0.1).tanh();
            return List.of(first, second, second.matmul(weights.get(2)).square().mean());
        }

        Tensor loss(Tensor x) {
            return hiddenAndLoss(x).getLast();
        }

        /** Copies of the gradients; the gradients are gone then. */
        List<float[]> takeGradients() {
            List<float[]> values = weights.stream().map(w -> w.borrowedGrad().toFloatArray()).toList();
            weights.forEach(w -> w.grad(null));
            return values;
        }
    }

    private List<float[]> expected(Net net, Tensor x) {
        kiln.compile(net::loss, OPTIONS.withBackend(Backend.AOT_EAGER)).call(x).backward();
        return net.takeGradients();
    }

    private static void assertClose(List<float[]> actual, List<float[]> expected, float factor) {
        for (int i = 0; i < expected.size(); i++) {
            float[] scaled = expected.get(i).clone();
            for (int j = 0; j < scaled.length; j++) {
                scaled[j] *= factor;
            }
            assertThat(actual.get(i)).containsExactly(scaled, within(1e-4f));
        }
    }

    @Test
    void backwardsThatRetainTheGraphLeaveItAsItIs() {
        Net net = new Net();
        List<float[]> once = expected(net, X);
        CompiledFunction loss = kiln.compile(net::loss, OPTIONS);
        for (int step = 0; step < 3; step++) {
            Tensor value = loss.call(X);
            for (int i = 0; i < 3; i++) {
                value.backward(Torch.ones(), i < 2);
            }
            assertClose(net.takeGradients(), once, 3);
        }
    }

    @Test
    void resultsThatTheBackwardNeedsTooStayAsTheyAre() {
        Net net = new Net();
        List<float[]> gradients = expected(net, X);
        CompiledFunction all = kiln.compileAll("all", inputs -> net.hiddenAndLoss(inputs.getFirst()), net, OPTIONS);
        for (int step = 0; step < 3; step++) {
            List<Tensor> results = all.apply(List.of(X));
            List<float[]> before = results.stream().map(Tensor::toFloatArray).toList();
            results.getLast().backward();
            assertThat(results.stream().map(Tensor::toFloatArray).toList()).usingRecursiveComparison().isEqualTo(before);
            assertClose(net.takeGradients(), gradients, 1);
        }
    }

    @Test
    void callsThatOverlapHaveMemoryOfTheirOwn() {
        Net net = new Net();
        List<float[]> first = expected(net, X);
        List<float[]> second = expected(net, OTHER);
        CompiledFunction loss = kiln.compile(net::loss, OPTIONS);
        for (int step = 0; step < 3; step++) {
            Tensor a = loss.call(X);
            Tensor b = loss.call(OTHER);
            a.backward();
            assertClose(net.takeGradients(), first, 1);
            b.backward();
            assertClose(net.takeGradients(), second, 1);
            kiln.releaseMemory();
        }
    }

    @Test
    void emptyTensorsHaveAPlaceToo() {
        Tensor w = Torch.randn(1, 8, 4).requires_grad_();
        CompiledFunction loss = kiln.compile((Tensor x) -> x.matmul(w).tanh().sum(), OPTIONS);
        loss.call(Torch.zeros(0, 8)).backward();
        assertThat(w.grad().toFloatArray()).containsOnly(0f).hasSize(32);
    }

    /** Swaps, with what reads the old values and the new ones before and after. */
    private static List<Tensor> exchange(List<Tensor> inputs) {
        Tensor a = inputs.get(0);
        Tensor b = inputs.get(1);
        Tensor old = a.clone();
        Tensor total = a.mul(b).sum();
        Tensor product = a.matmul(b);
        a.copy_(b);
        b.copy_(old.mul(0.5));
        a.add_(total.mul(1e-5));
        return List.of(total, product, b.matmul(a), old.t().add(a));
    }

    @Test
    void newValuesOfInputsAreWrittenOnceNothingReadsTheOldOnes() {
        for (boolean shared : List.of(false, true)) {
            List<List<float[]>> all = new ArrayList<>();
            for (Backend backend : Backend.values()) {
                CompiledFunction exchange = kiln.compileAll("exchange", FunctionMemoryTest::exchange,
                    OPTIONS.withBackend(backend));
                Tensor a = Torch.randn(1, 48, 48);
                List<Tensor> inputs = List.of(a, shared ? a : Torch.randn(2, 48, 48));
                List<Tensor> seen = new ArrayList<>(inputs);
                for (int i = 0; i < 3; i++) {
                    seen.addAll(exchange.apply(inputs));
                }
                all.add(seen.stream().map(Tensor::toFloatArray).toList());
                FunctionMemory memory = exchange.variants().getFirst().memory();
                assertThat(memory.written() > 0).isEqualTo(backend == Backend.KILN && shared);
            }
            for (int i = 0; i < all.getFirst().size(); i++) {
                assertThat(all.get(0).get(i)).containsExactly(all.get(1).get(i), within(1e-3f));
            }
        }
    }

    @Test
    void aGradientThatWasGivenOutIsNotWrittenOver() {
        Net net = new Net();
        CompiledFunction loss = kiln.compile(net::loss, OPTIONS);
        List<Tensor> held = new ArrayList<>();
        List<float[]> values = new ArrayList<>();
        for (int step = 0; step < 4; step++) {
            net.weights.forEach(w -> w.grad(null));
            loss.call(step % 2 == 0 ? X : OTHER).backward();
            held.add(net.weights.get(step % 3).grad());
            values.add(held.getLast().toFloatArray());
        }
        for (int i = 0; i < held.size(); i++) {
            assertThat(held.get(i).toFloatArray()).containsExactly(values.get(i));
        }
    }

    @Test
    void gradientsThatNobodySawGiveTheirMemoryToTheNext() {
        Net net = new Net();
        CompiledFunction loss = kiln.compile(net::loss, OPTIONS);
        List<Long> places = new ArrayList<>();
        try (SGD optimizer = new SGD(kiln, net.weights, SGD.Settings.defaults(), OPTIONS)) {
            for (int step = 0; step < 5; step++) {
                optimizer.zero_grad();
                loss.call(X).backward();
                places.add(net.weights.getFirst().borrowedGrad().value().data().address());
                optimizer.step();
            }
        }
        assertThat(places.subList(2, 5)).containsOnly(places.get(2));
    }

    @Test
    void valuesInsideTheGraphsLieInTheBlockOfWhatIsSaved() {
        Net net = new Net();
        CompiledFunction loss = kiln.compile(net::loss, OPTIONS);
        loss.call(X).backward();
        FunctionMemory memory = loss.variants().getFirst().memory();
        assertThat(memory.saved()).isBetween(2 * 4 * 64 * 128L + GRADIENTS, 10 * 4 * 64 * 128L);
        assertThat(List.of(memory.forwardWorkspace(), memory.backwardWorkspace(), memory.written(), memory.gradients()))
            .containsOnly(0L);
        assertThat(memory.activations()).isEqualTo(memory.saved());
    }

    @Test
    void gradientsThatAreHeldThroughTheNextForwardGetMemoryOfTheirOwn() {
        Net net = new Net();
        List<float[]> first = expected(net, X);
        List<float[]> second = expected(net, OTHER);
        CompiledFunction loss = kiln.compile(net::loss, OPTIONS);
        for (int step = 0; step < 4; step++) {
            Tensor value = loss.call(step % 2 == 0 ? X : OTHER);
            if (step > 0) {
                assertClose(net.takeGradients(), step % 2 == 1 ? first : second, 1);
            }
            value.backward();
            assertThat(loss.variants().getFirst().memory().gradients()).isEqualTo(step == 0 ? 0 : GRADIENTS);
        }
        assertClose(net.takeGradients(), second, 1);
    }

    @Test
    void gradientsAddUpOverCalls() {
        Net net = new Net();
        List<float[]> once = expected(net, X);
        CompiledFunction loss = kiln.compile(net::loss, OPTIONS);
        for (int round = 0; round < 2; round++) {
            for (int call = 0; call < 3; call++) {
                loss.call(X).backward();
            }
            assertClose(net.takeGradients(), once, 3);
        }
    }
}
