package dev.kiln.stages.autotune;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.TuningStore.Tuning;
import dev.kiln.kernels.toolchain.NativeCompiler;
import dev.kiln.ops.KilnException;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import dev.kiln.stages.codegen.GeneratedCode;
import dev.kiln.stages.codegen.Kernel;
import dev.kiln.stages.codegen.Kernel.Variant;
import dev.kiln.stages.pass.Decisions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of candidates that are fast, wrong, broken or known. */
class AutotunePhaseTest {
    private static final String ISOLATION = "KILN_AUTOTUNE_ISOLATION";
    private static final String DEADLINE = "KILN_AUTOTUNE_DEADLINE";
    private static final Variant NULL_POINTER = TunedGraph.doing("null_pointer",
        "  (void)args; *(volatile int*)0 = 1;");
    private static final Variant WRONG = TunedGraph.doing("wrong", "  *(float*)args->p[3] = 1;");
    private static final CompileOptions OPTIONS = CompileOptions.defaults();

    @TempDir
    private Path folder;
    private CacheHome cache;
    private Environment environment;
    private GeneratedCode code;

    @BeforeEach
    void open() {
        openCache();
        code = TunedGraph.generate(TunedGraph.linear(96, 320, 385), OPTIONS, environment);
    }

    private void openCache() {
        cache = CacheHome.open(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE));
        environment = Environment.of(cache);
    }

    @AfterEach
    void close() {
        cache.close();
        System.clearProperty(ISOLATION);
        System.clearProperty(DEADLINE);
    }

    private KernelsChosen run(GeneratedCode what, Decisions decisions) {
        return AutotunePhase.run(what, OPTIONS, environment, decisions);
    }

    /** As a new process finds it: what was written is there. */
    private void reopen() {
        cache.close();
        openCache();
    }

    private Tuning record() {
        reopen();
        return cache.tuning().get(new Problems(OPTIONS, environment).of(TunedGraph.tuned(code))).orElseThrow();
    }

    private static String choice(KernelsChosen chosen) {
        return chosen.variants().get(TunedGraph.tuned(chosen.code()).name()).label();
    }

    @Test
    void aCandidateThatCrashesHangsErrsOrDoesNotCompileIsLostAlone() {
        System.setProperty(DEADLINE, "1");
        List<String> own = TunedGraph.tuned(code).variants().stream().map(Variant::label).toList();
        GeneratedCode more = TunedGraph.with(code, List.of(NULL_POINTER,
            TunedGraph.doing("endless", "  for (volatile int i = 0;; i++) (void)args;"),
            TunedGraph.doing("illegal", "  (void)args; __builtin_trap();"), WRONG,
            TunedGraph.doing("reads_only", "  ((char*)args->p[1])[0] = 1;"),
            TunedGraph.doing("no_c", "  this is not C;"),
            TunedGraph.doing("unlinked", "  extern void nowhere(void); (void)args; nowhere();")));
        Decisions decisions = new Decisions();
        KernelsChosen chosen = run(more, decisions);
        assertThat(own).contains(choice(chosen));
        assertThat(record().failures()).containsEntry("null_pointer", "crashed: SIGSEGV")
            .containsEntry("endless", "did not return within 1.0 s").containsEntry("illegal", "crashed: SIGILL")
            .containsEntry("reads_only", "crashed: SIGSEGV")
            .hasEntrySatisfying("wrong", reason -> assertThat(reason).startsWith("computes a wrong result"))
            .hasEntrySatisfying("no_c", reason -> assertThat(reason).startsWith("does not compile").contains("error:"))
            .hasEntrySatisfying("unlinked", reason -> assertThat(reason).contains("nowhere"));
        assertThat(record().warm().values()).isNotEmpty().allMatch(Double::isFinite);
        assertThat(decisions.lines()).contains("autotune:   null_pointer failed: crashed: SIGSEGV");
        assertThat(TunedGraph.tuned(chosen.code()).variants()).extracting(Variant::label).contains("wrong")
            .doesNotContain("no_c", "unlinked");
    }

    @Test
    void whatIsKnownIsNeitherCompiledNorMeasured() {
        GeneratedCode more = TunedGraph.with(code, List.of(WRONG));
        String choice = choice(run(more, new Decisions()));
        reopen();
        long starts = NativeCompiler.compilerStarts();
        Decisions decisions = new Decisions();
        KernelsChosen again = run(more, decisions);
        assertThat(NativeCompiler.compilerStarts()).isEqualTo(starts);
        assertThat(choice(again)).isEqualTo(choice);
        assertThat(TunedGraph.tuned(again.code()).variants()).extracting(Variant::label).containsExactly(choice);
        assertThat(decisions.lines()).anyMatch(l -> l.endsWith("uses " + choice + ", measured earlier"))
            .anyMatch(l -> l.contains("wrong failed: computes a wrong result"));
    }

    @Test
    void anUnknownCandidateIsMeasuredWithTheOthers() {
        run(code, new Decisions());
        assertThat(record().knows("wrong")).isFalse();
        run(TunedGraph.with(code, List.of(WRONG)), new Decisions());
        assertThat(record().knows("wrong")).isTrue();
    }

    @Test
    void logsInTheKnownForm() {
        Decisions decisions = new Decisions();
        run(code, decisions);
        List<String> lines = new ArrayList<>(decisions.lines());
        assertThat(lines.subList(0, 3)).containsExactly(
            "autotune: AUTOTUNE linear_unary(96x320, 385x320, 385)",
            "autotune: strides: [320, 1], [320, 1], [1]",
            "autotune: dtypes: torch.float32, torch.float32, torch.float32");
        assertThat(lines.get(3)).matches("autotune:   \\S+ \\d+\\.\\d{4} ms 100\\.0% "
            + "\\(weight (in cache|from memory): \\d+\\.\\d{4} ms\\)");
        assertThat(lines.subList(3, lines.size() - 1))
            .allMatch(l -> l.matches("autotune:   \\S+ \\d+\\.\\d{4} ms \\d+\\.\\d%.*"));
        assertThat(lines.getLast()).matches("autotune: SubProcess AUTOTUNE benchmarking takes \\d+\\.\\d{4} seconds and "
            + "\\d+\\.\\d{4} seconds precompiling for " + TunedGraph.tuned(code).variants().size() + " choices");
    }

    @Test
    void candidatesRunInThisProcessOnDemand() {
        System.setProperty(ISOLATION, "none");
        Decisions decisions = new Decisions();
        KernelsChosen chosen = run(TunedGraph.with(code, List.of(WRONG)), decisions);
        assertThat(choice(chosen)).isNotEqualTo("wrong");
        assertThat(decisions.lines().getLast()).startsWith("autotune: SingleProcess AUTOTUNE");
    }

    @Test
    void saysWhyNoCandidateIsLeft() {
        Kernel tuned = TunedGraph.tuned(code);
        GeneratedCode bad = new GeneratedCode(code.schedule(), code.kernels().stream()
            .map(k -> k == tuned ? k.with(List.of(NULL_POINTER, WRONG)) : k).toList(), code.launches(), code.symbols());
        assertThatThrownBy(() -> run(bad, new Decisions())).isInstanceOf(KilnException.class)
            .hasMessageContaining("null_pointer crashed: SIGSEGV").hasMessageContaining("wrong computes a wrong result");
        assertThat(cache.tuning().get(new Problems(OPTIONS, environment).of(tuned))).isEqualTo(Optional.empty());
    }

    @Test
    void refusesSettingsThatAreNone() {
        System.setProperty(ISOLATION, "maybe");
        assertThatThrownBy(() -> run(code, new Decisions())).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("KILN_AUTOTUNE_ISOLATION");
        System.setProperty(ISOLATION, "none");
        System.setProperty(DEADLINE, "soon");
        assertThatThrownBy(() -> run(code, new Decisions())).isInstanceOf(KilnException.BadInput.class)
            .hasMessageContaining("KILN_AUTOTUNE_DEADLINE");
    }
}
