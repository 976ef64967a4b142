package dev.kiln.stages.autotune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheLookup;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.KeyComponents;
import dev.kiln.cache.TuningStore.Tuning;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.CompileKeys;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import dev.kiln.stages.autograd.AutogradPhase;
import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.codegen.Kernel;
import dev.kiln.stages.codegen.Kernel.Variant;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.postcompile.Assembly;
import dev.kiln.stages.postcompile.ExecutableGraph;
import dev.kiln.stages.postcompile.PostCompile;
import dev.kiln.stages.trace.Traced;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A kernel of a library is chosen, stored, loaded again and run; one that is not there any more is not. */
class LibraryChoiceTest {
    private static final CompileOptions OPTIONS = CompileOptions.defaults().withMaxAutotune(true);
    private static final int ROWS = 97;
    private static final int DEPTH = 320;
    private static final Graph GRAPH = TunedGraph.linear(ROWS, DEPTH, 385);

    @TempDir
    private Path folder;
    private CacheHome cache;
    private Environment environment;

    @BeforeEach
    void open() {
        cache = CacheHome.open(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE));
        environment = Environment.of(cache);
    }

    @AfterEach
    void close() {
        cache.close();
    }

    private void reopen() {
        close();
        open();
    }

    /** Notes that a variant was the fastest. */
    private void remember(GeneratedCode code, String choice) {
        Kernel kernel = TunedGraph.tuned(code);
        Map<String, Double> times = new HashMap<>();
        kernel.variants().forEach(v -> times.put(v.label(), 1.0));
        cache.tuning().put(new Problems(OPTIONS, environment).of(kernel), new Tuning(choice, times, times, Map.of(),
            Map.of())).join();
        reopen();
    }

    private CompiledGraph assemble(KernelsChosen chosen, KeyComponents key) {
        return Assembly.run(chosen, AutogradPhase.run(new Traced("linear", GRAPH)), key, OPTIONS, environment,
            new Decisions(), Map.of(), Deadline.none());
    }

    @ParameterizedTest
    @ValueSource(strings = {"openblas.sgemm", "openblas.sgemm_rows128", "dnnl.sgemm", "dnnl.sgemm_rows128"})
    void runsFromTheCache(String choice) {
        GeneratedCode code = TunedGraph.generate(GRAPH, OPTIONS, environment);
        remember(code, choice);
        KernelsChosen chosen = AutotunePhase.run(code, OPTIONS, environment, new Decisions());
        assertThat(chosen.variants().values()).extracting(Variant::label).contains(choice);
        KeyComponents key = CompileKeys.artifact(GRAPH, OPTIONS, environment);
        cache.artifacts().put(assemble(chosen, key), key);
        reopen();
        CompiledGraph stored = ((CacheLookup.Hit) cache.artifacts().lookup(key.key())).graph();
        assertThat(stored.externs()).contains(choice.replace("_rows128", ""));
        try (PostCompile post = new PostCompile(environment); ExecutableGraph graph = post.load(stored, OPTIONS)) {
            float[] x = new float[ROWS * DEPTH];
            Random random = new Random(3);
            for (int i = 0; i < x.length; i++) {
                x[i] = random.nextFloat() - 0.5f;
            }
            float[] result = graph.run(Map.of("x", Tensor.ofFloats(x, ROWS, DEPTH))).get("y").toFloatArray();
            ConstantValue expected = Interpreter.run(GRAPH, Map.of("x",
                ConstantValue.floats(List.of((long) ROWS, (long) DEPTH), x))).get("y");
            for (int i = 0; i < result.length; i++) {
                assertThat((double) result[i]).isCloseTo((Double) expected.doubleAt(i), within(1e-4));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"AVX512, false, false", "AVX2, false, true", "AVX512, true, true"})
    void librariesAreMeasuredWhereTheyMayWin(Isa isa, boolean all, boolean measured) {
        CompileOptions options = (all ? OPTIONS : CompileOptions.defaults()).withIsa(isa);
        Kernel kernel = TunedGraph.tuned(TunedGraph.generate(GRAPH, options, environment));
        assertThat(kernel.variants().stream().map(Variant::label).anyMatch("openblas.sgemm"::equals)).isEqualTo(measured);
        assertThat(kernel.variants()).hasSizeGreaterThan(1);
    }

    @Test
    void aLibraryThatIsNotThereIsNotChosenAgain() {
        GeneratedCode plain = TunedGraph.generate(GRAPH, OPTIONS, environment);
        Variant gone = new Variant("gone", "candidate_gone", TunedGraph.doing("gone", "  (void)args;").source(), Set.of(),
            Optional.empty(), List.of("dnnl.nonsense"));
        GeneratedCode code = TunedGraph.with(plain, List.of(gone));
        remember(code, "gone");
        Decisions decisions = new Decisions();
        KernelsChosen chosen = AutotunePhase.run(code, OPTIONS, environment, decisions);
        assertThat(chosen.variants().values()).extracting(Variant::label).doesNotContain("gone");
        assertThat(decisions.lines())
            .contains("autotune:   gone failed: library function dnnl.nonsense is not available");

        Map<String, Variant> forced = new HashMap<>(chosen.variants());
        forced.put(TunedGraph.tuned(code).name(), gone);
        CompiledGraph stored = assemble(new KernelsChosen(code, forced),
            CompileKeys.artifact(GRAPH, OPTIONS, environment));
        try (PostCompile post = new PostCompile(environment)) {
            assertThatThrownBy(() -> post.load(stored, OPTIONS)).isInstanceOf(KilnException.class)
                .hasMessageContaining("dnnl.nonsense is not available; add its jar to the class path");
        }
    }
}
