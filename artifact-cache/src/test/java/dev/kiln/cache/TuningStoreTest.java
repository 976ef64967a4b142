package dev.kiln.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.cache.TuningStore.Problem;
import dev.kiln.cache.TuningStore.Tuning;
import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TuningStoreTest {
    private static final Problem PROBLEM =
            new Problem("aten.mm", List.of("128x384", "384x1536"), List.of("f32"),
            "cpu A", "avx512", 2, "clang 20", "0.1");

    @TempDir
    Path folder;

    @Test
    void remembersAcrossProcesses() {
        var tuning = new Tuning("micro_6x16", Map.of("micro_6x16", 0.5, "library", 0.75));
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
        var shapes = PROBLEM.shapes();
        var dtypes = PROBLEM.dtypes();
        for (var problem : List.of(PROBLEM,
                new Problem("aten.bmm", shapes, dtypes, "cpu A", "avx512", 2, "clang 20", "0.1"),
                new Problem("aten.mm", List.of("1x1"), dtypes, "cpu A", "avx512", 2, "clang 20", "0.1"),
                new Problem("aten.mm", shapes, List.of("bf16"), "cpu A", "avx512", 2, "clang 20", "0.1"),
                new Problem("aten.mm", shapes, dtypes, "cpu B", "avx512", 2, "clang 20", "0.1"),
                new Problem("aten.mm", shapes, dtypes, "cpu A", "amx", 2, "clang 20", "0.1"),
                new Problem("aten.mm", shapes, dtypes, "cpu A", "avx512", 4, "clang 20", "0.1"),
                new Problem("aten.mm", shapes, dtypes, "cpu A", "avx512", 2, "clang 21", "0.1"),
                new Problem("aten.mm", shapes, dtypes, "cpu A", "avx512", 2, "clang 20", "0.2"))) {
            assertThat(keys.add(problem.key())).as(problem.toString()).isTrue();
        }
    }

    private CacheHome open(CacheMode mode) {
        return CacheHome.open(new CacheSettings(folder.resolve("cache"), mode));
    }
}
