package dev.kiln.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.CompiledFunction;
import dev.kiln.FunctionOptions;
import dev.kiln.FunctionOptions.Backend;
import dev.kiln.FunctionOptions.Dynamic;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.aot.AotEntry;
import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import dev.kiln.nn.Functional;
import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.CompileOptions;
import dev.kiln.tensor.Sizes;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The AOTAutograd cache as functions use it: what is a hit, what is a miss, and that a hit does all that a miss does. */
class AotCacheTest {
    private static final FunctionOptions OPTIONS = FunctionOptions.defaults()
        .withCompile(CompileOptions.defaults().withMaxAutotune(false));
    private static final Tensor X = Torch.randn(1, 3, 4);

    @TempDir
    private Path folder;

    private Kiln open() {
        return open(CacheMode.WRITE);
    }

    private Kiln open(CacheMode mode) {
        return Kiln.open(KilnConfig.of(new CacheSettings(folder.resolve("cache"), mode)));
    }

    private static Tensor weight() {
        return Torch.randn(2, 4, 2).requires_grad_();
    }

    private static CompiledFunction loss(Kiln kiln, Tensor weight, FunctionOptions options) {
        return kiln.compile((Tensor x) -> x.matmul(weight).tanh().sum(), options);
    }

    private static long count(Kiln kiln, String what) {
        return kiln.cache().metrics().get("aot." + what);
    }

    private static void assertCounts(Kiln kiln, long hits, long misses, long saved) {
        assertThat(List.of(count(kiln, "hit"), count(kiln, "miss"), count(kiln, "saved"))).as("hits, misses, saved")
            .containsExactly(hits, misses, saved);
    }

    /** The gradient of a fresh weight, and the entry. */
    private record Trained(float[] gradient, AotEntry entry, boolean hit) {
    }

    private static Trained train(Kiln kiln, FunctionOptions options) {
        Tensor weight = weight();
        CompiledFunction loss = loss(kiln, weight, options);
        loss.call(X).backward();
        var variant = loss.variants().getFirst();
        return new Trained(weight.grad().toFloatArray(), variant.entry(), variant.cacheHit());
    }

    @Test
    void aSecondStartHitsAndStartsNoCompile() {
        Trained first;
        try (Kiln kiln = open()) {
            first = train(kiln, OPTIONS);
            assertThat(first.hit()).isFalse();
            assertCounts(kiln, 0, 1, 1);
        }
        try (Kiln kiln = open()) {
            Trained second = train(kiln, OPTIONS);
            assertThat(second.gradient()).isEqualTo(first.gradient());
            assertThat(second.entry()).isEqualTo(first.entry());
            assertThat(kiln.compiles()).isZero();
            assertCounts(kiln, 1, 0, 0);
        }
    }

    @Test
    void aMissingGraphOfEitherKindIsAMissAndIsSavedAgain() {
        List<Function<AotEntry, CacheKey>> graphs = List.of(AotEntry::forward, e -> e.backward().orElseThrow());
        for (Function<AotEntry, CacheKey> graph : graphs) {
            Trained before;
            try (Kiln kiln = open()) {
                before = train(kiln, OPTIONS);
                kiln.cache().records().write(List.of(Change.delete(Kind.ARTIFACT, bytes(graph.apply(before.entry()))))).join();
            }
            try (Kiln kiln = open()) {
                Trained again = train(kiln, OPTIONS);
                assertThat(again.hit()).isFalse();
                assertThat(again.gradient()).isEqualTo(before.gradient());
                assertThat(kiln.compiles()).as("only what is missing").isEqualTo(1);
                assertCounts(kiln, 0, 1, 1);
            }
            try (Kiln kiln = open()) {
                assertThat(train(kiln, OPTIONS).hit()).isTrue();
            }
        }
    }

    private static byte[] bytes(CacheKey key) {
        return key.text().getBytes(StandardCharsets.US_ASCII);
    }

    @Test
    void aDamagedEntryIsMadeAgain() {
        try (Kiln kiln = open()) {
            CacheKey key = train(kiln, OPTIONS).entry().key();
            byte[] damaged = "no entry".getBytes(StandardCharsets.US_ASCII);
            kiln.cache().records().write(List.of(Change.put(Kind.AOT, bytes(key), damaged))).join();
        }
        try (Kiln kiln = open()) {
            assertThat(train(kiln, OPTIONS).hit()).isFalse();
            assertThat(count(kiln, "corrupt")).isEqualTo(1);
            assertThat(count(kiln, "saved")).isEqualTo(1);
        }
    }

    @Test
    void withoutACacheNothingIsLookedForOrSaved() {
        for (int i = 0; i < 2; i++) {
            try (Kiln kiln = open(CacheMode.OFF)) {
                assertThat(train(kiln, OPTIONS).hit()).isFalse();
                assertCounts(kiln, 0, 0, 0);
                assertThat(kiln.compiles()).isEqualTo(2);
            }
        }
    }

    @Test
    void aLazyBackwardCompletesThePartialEntry() {
        FunctionOptions lazy = OPTIONS.withLazyBackward(true);
        try (Kiln kiln = open()) {
            CompiledFunction loss = loss(kiln, weight(), lazy);
            loss.call(X);
            assertThat(loss.variants().getFirst().entry().partial()).isTrue();
            assertThat(kiln.compiles()).isEqualTo(1);
        }
        try (Kiln kiln = open()) {
            assertThat(train(kiln, lazy).hit()).as("the forward").isTrue();
            assertThat(kiln.compiles()).as("the backward").isEqualTo(1);
        }
        try (Kiln kiln = open()) {
            Trained whole = train(kiln, lazy);
            assertThat(whole.hit()).isTrue();
            assertThat(whole.entry().partial()).isFalse();
            assertThat(kiln.compiles()).isZero();
        }
    }

    /** Takes another way for long inputs. */
    private static Tensor branching(Tensor x, Tensor weight) {
        Tensor product = x.matmul(weight);
        return Sizes.less(x.size(0), SymInt.of(10)) ? product.sum() : product.square().sum();
    }

    private static boolean hits(Kiln kiln, int rows, FunctionOptions options) {
        Tensor weight = weight();
        CompiledFunction f = kiln.compile((Tensor x) -> branching(x, weight), options);
        Tensor x = Torch.randn(rows, rows, 4);
        f.call(x).backward();
        Tensor expected = Tensor.of(x.value()).t().matmul(rows < 10 ? Torch.ones(rows, 2)
            : x.matmul(Tensor.of(weight.value())).mul(2));
        assertThat(weight.grad().toFloatArray()).containsExactly(expected.toFloatArray(), within(1e-3f));
        return f.variants().getFirst().cacheHit();
    }

    @Test
    void eachSideOfAGuardHasAVariantUnderOneKey() {
        for (FunctionOptions options : List.of(OPTIONS.withDynamic(Dynamic.ALWAYS),
                OPTIONS.withDynamic(Dynamic.ALWAYS).withLazyBackward(true).withActivationMemoryBudget(0.5))) {
            try (Kiln kiln = open()) {
                assertThat(hits(kiln, 5, options)).isFalse();
                assertThat(hits(kiln, 20, options)).isFalse();
                assertThat(count(kiln, "saved")).isEqualTo(options.lazyBackward() ? 4 : 2);
            }
            try (Kiln kiln = open()) {
                assertThat(hits(kiln, 30, options)).as("another size behind the guard").isTrue();
                assertThat(hits(kiln, 7, options)).isTrue();
                assertThat(hits(kiln, 20, options)).isTrue();
                assertThat(kiln.compiles()).isZero();
                assertThat(count(kiln, "hit")).isEqualTo(3);
            }
        }
    }

    @Test
    void aliasesAndMutationsAreTheSameOnAHit() {
        for (boolean hit : new boolean[] {false, true}) {
            try (Kiln kiln = open()) {
                Tensor x = Torch.zeros(2, 3);
                CompiledFunction f = kiln.compileAll("view", in -> {
                    in.getFirst().add_(1);
                    return List.of(in.getFirst().t(), in.getFirst());
                }, OPTIONS);
                List<Tensor> results = f.apply(List.of(x));
                assertThat(f.variants().getFirst().cacheHit()).isEqualTo(hit);
                assertThat(x.toFloatArray()).containsOnly(1);
                assertThat(results.get(1)).isSameAs(x);
                results.get(0).fill_(7);
                assertThat(x.toFloatArray()).containsOnly(7);
            }
        }
    }

    @Test
    void aNewSeedDrawsNewNumbersThroughCachedCode() {
        float[][] runs = new float[3][];
        for (int i = 0; i < runs.length; i++) {
            try (Kiln kiln = open()) {
                kiln.manual_seed(i == 1 ? 2 : 1);
                CompiledFunction f = kiln.compile((Tensor x) -> Functional.dropout(x, 0.5, true), OPTIONS);
                runs[i] = f.call(Torch.ones(64)).toFloatArray();
                assertThat(f.variants().getFirst().cacheHit()).isEqualTo(i > 0);
                assertThat(f.variants().getFirst().entry().wrappers().functionalRng()).isTrue();
            }
        }
        assertThat(runs[1]).isNotEqualTo(runs[0]);
        assertThat(runs[2]).isEqualTo(runs[0]);
    }

    @Test
    void aCapturedTensorsValueIsAnInput() {
        for (float value : new float[] {2, 3}) {
            try (Kiln kiln = open()) {
                Tensor factor = Tensor.of(new float[] {value, value});
                CompiledFunction f = kiln.compile((Tensor x) -> x.mul(factor), OPTIONS);
                assertThat(f.call(Torch.ones(2)).toFloatArray()).containsOnly(value);
                assertThat(f.variants().getFirst().cacheHit()).isEqualTo(value == 3);
            }
        }
    }

    private static CacheKey key(Kiln kiln, FunctionOptions options, Tensor x, Tensor weight, double factor) {
        CompiledFunction f = kiln.compile((Tensor in) -> in.matmul(weight).mul(factor),
            options.withBackend(Backend.AOT_EAGER));
        f.call(x);
        return f.variants().getFirst().entry().key();
    }

    @Test
    void theKeyHasWhatMattersAndNothingElse() {
        try (Kiln kiln = open()) {
            CacheKey one = key(kiln, OPTIONS, X, weight(), 2);
            assertThat(key(kiln, OPTIONS, Torch.zeros(3, 4), Torch.zeros(4, 2).requires_grad_(), 2)).as("values")
                .isEqualTo(one);
            Tensor weight = weight();
            CompiledFunction elsewhere = kiln.compile((Tensor other) -> {
                Tensor product = other.matmul(weight);

                return product.mul(2.0);
            }, OPTIONS.withBackend(Backend.AOT_EAGER));
            elsewhere.call(X);
            assertThat(elsewhere.variants().getFirst().entry().key()).as("lines and names of locals").isEqualTo(one);
            assertThat(List.of(key(kiln, OPTIONS, Torch.zeros(5, 4), weight(), 2),
                key(kiln, OPTIONS, Torch.zeros(DType.F64, 3, 4), Torch.zeros(DType.F64, 4, 2).requires_grad_(), 2),
                key(kiln, OPTIONS, X, weight().requires_grad_(false), 2), key(kiln, OPTIONS, X, weight(), 3),
                key(kiln, OPTIONS.withActivationMemoryBudget(0.5), X, weight(), 2),
                key(kiln, OPTIONS.withThreads(7), X, weight(), 2), key(kiln, OPTIONS.withAutocast(DType.BF16), X, weight(), 2),
                key(kiln, OPTIONS.withAutocast(DType.F16), X, weight(), 2),
                key(kiln, OPTIONS.withCompile(OPTIONS.compile().withSeed(9)), X, weight(), 2), one)).doesNotHaveDuplicates();
        }
    }

    @Test
    void theKeyIsTheSameInAnotherProcess() throws Exception {
        Path log = folder.resolve("child.txt");
        Process child = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-Xmx256m",
            "--enable-native-access=ALL-UNNAMED", "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
            AotCacheTest.class.getName(), folder.toString()).redirectErrorStream(true).redirectOutput(log.toFile()).start();
        assertThat(child.waitFor(120, TimeUnit.SECONDS)).isTrue();
        try (Kiln kiln = open()) {
            assertThat(Files.readString(log)).contains("key " + key(kiln, OPTIONS, X, weight(), 2));
        }
    }

    /** The child of {@link #theKeyIsTheSameInAnotherProcess}. */
    public static void main(String[] args) {
        AotCacheTest test = new AotCacheTest();
        test.folder = Path.of(args[0]);
        try (Kiln kiln = test.open()) {
            System.out.println("key " + key(kiln, OPTIONS, X, weight(), 2));
        }
    }

    @Test
    void manyThreadsMakeOneVariant() throws Exception {
        try (Kiln kiln = open(); ExecutorService threads = Executors.newFixedThreadPool(8)) {
            Tensor weight = weight();
            CompiledFunction loss = loss(kiln, weight, OPTIONS);
            List<Callable<Double>> calls = java.util.Collections.nCopies(16, () -> loss.call(X).item().doubleValue());
            List<Double> results = threads.invokeAll(calls).stream().map(f -> f.resultNow()).distinct().toList();
            assertThat(results).hasSize(1);
            assertThat(loss.variants()).hasSize(1);
            assertCounts(kiln, 0, 1, 1);
        }
    }
}
