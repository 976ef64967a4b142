package dev.kiln.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.cache.TuningStore.Machine;
import dev.kiln.cache.TuningStore.Problem;
import dev.kiln.cache.TuningStore.Tuning;
import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TuningStoreTest {
    private static final Machine MACHINE = machine("cpu A", "avx512", 2, 2, "clang 20", "0.1", "openblas 1");
    private static final Problem PROBLEM = new Problem("aten.mm", List.of("128x384", "384x1536"),
            List.of("[384, 1]", "[1536, 1]"), List.of("torch.float32"), "relu", "pruned", MACHINE);

    private static Machine machine(String cpu, String isa, int cores, int threads, String compiler, String build,
            String library) {
        return new Machine(cpu, isa, cores, threads, compiler, build, List.of(library));
    }

    @TempDir
    Path folder;

    @Test
    void remembersAcrossProcesses() {
        var tuning = new Tuning("micro_6x16", Map.of("micro_6x16", 0.5, "library", 0.75),
                Map.of("micro_6x16", 0.75), Map.of("micro_8x16", "SIGILL"),
                Map.of("micro", new Blob("0".repeat(64), 7)));
        try (var home = open(CacheMode.WRITE)) {
            assertThat(home.tuning().get(PROBLEM)).isEmpty();
            home.tuning().put(PROBLEM, tuning).join();
        }
        try (var home = open(CacheMode.READ)) {
            assertThat(home.tuning().get(PROBLEM)).contains(tuning);
            assertThat(home.metrics().get("tuning.hit")).isEqualTo(1);
        }
    }

    @Test
    void aDamagedResultIsAsGoodAsNone() {
        try (var home = open(CacheMode.WRITE)) {
            home.records().write(List.of(Change.put(Kind.TUNING, Keys.bytes(PROBLEM.key()), new byte[60])))
                    .join();
            assertThat(home.tuning().get(PROBLEM)).isEmpty();
            assertThat(home.metrics().get("tuning.corrupt")).isEqualTo(1);
        }
    }

    @Test
    void everyPartOfTheProblemCounts() {
        var keys = new HashSet<CacheKey>();
        var p = PROBLEM;
        var problems = new ArrayList<>(List.of(p,
                new Problem("aten.bmm", p.sizes(), p.strides(), p.dtypes(), p.kernel(), p.search(), MACHINE),
                new Problem(p.op(), List.of("1x1"), p.strides(), p.dtypes(), p.kernel(), p.search(), MACHINE),
                new Problem(p.op(), p.sizes(), List.of("[1, 1]"), p.dtypes(), p.kernel(), p.search(), MACHINE),
                new Problem(p.op(), p.sizes(), p.strides(), List.of("torch.int8"), p.kernel(), p.search(), MACHINE),
                new Problem(p.op(), p.sizes(), p.strides(), p.dtypes(), "gelu", p.search(), MACHINE),
                new Problem(p.op(), p.sizes(), p.strides(), p.dtypes(), p.kernel(), "max", MACHINE)));
        for (var machine : List.of(machine("cpu B", "avx512", 2, 2, "clang 20", "0.1", "openblas 1"),
                machine("cpu A", "amx", 2, 2, "clang 20", "0.1", "openblas 1"),
                machine("cpu A", "avx512", 4, 2, "clang 20", "0.1", "openblas 1"),
                machine("cpu A", "avx512", 2, 4, "clang 20", "0.1", "openblas 1"),
                machine("cpu A", "avx512", 2, 2, "clang 21", "0.1", "openblas 1"),
                machine("cpu A", "avx512", 2, 2, "clang 20", "0.2", "openblas 1"),
                machine("cpu A", "avx512", 2, 2, "clang 20", "0.1", "openblas 2"))) {
            problems.add(new Problem(p.op(), p.sizes(), p.strides(), p.dtypes(), p.kernel(), p.search(), machine));
        }
        for (var problem : problems) {
            assertThat(keys.add(problem.key())).as(problem.toString()).isTrue();
        }
    }

    /** Each in a process of its own, so to say: homes of one folder write at the same time, and nothing is lost. */
    @Test
    void tunersAtTheSameTimeKeepEachOthersResults() {
        int tuners = 4;
        int each = 25;
        IntStream.range(0, tuners).parallel().forEach(tuner -> {
            try (var home = open(CacheMode.WRITE)) {
                for (int i = 0; i < each; i++) {
                    home.tuning().put(numbered(tuner * each + i), new Tuning("t" + tuner, Map.of(), Map.of(),
                            Map.of(), Map.of())).join();
                }
            }
        });
        try (var home = open(CacheMode.READ)) {
            for (int i = 0; i < tuners * each; i++) {
                assertThat(home.tuning().get(numbered(i)).map(Tuning::choice)).contains("t" + i / each);
            }
        }
    }

    private static Problem numbered(int number) {
        var p = PROBLEM;
        return new Problem(p.op(), List.of("" + number), p.strides(), p.dtypes(), p.kernel(), p.search(), MACHINE);
    }

    private CacheHome open(CacheMode mode) {
        return CacheHome.open(new CacheSettings(folder.resolve("cache"), mode));
    }
}
