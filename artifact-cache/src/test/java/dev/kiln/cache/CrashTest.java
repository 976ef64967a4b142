package dev.kiln.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.cache.CacheLookup.Hit;
import dev.kiln.cache.CacheLookup.Miss;
import dev.kiln.cache.CacheLookup.MissReason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CrashTest {
    private static final int KILLS = 12;
    private static final int SEEDS = 6;

    @TempDir
    Path folder;

    @Test
    void whateverMomentAWriterIsKilledTheCacheIsWhole() throws Exception {
        var random = new Random(5);
        Path cache = folder.resolve("cache");
        int hits = 0;
        for (int kill = 0; kill < KILLS; kill++) {
            killWhileItWrites(cache, kill % 4 == 0, random.nextInt(350));
            try (var home = CacheHome.open(new CacheSettings(cache, CacheMode.WRITE))) {
                for (int seed = 1; seed <= SEEDS; seed++) {
                    hits += isWhole(home, seed) ? 1 : 0;
                }
                assertThat(home.metrics().get("corrupt")).isZero();
                if (kill % 8 == 7) {
                    assertThat(home.artifacts().verify(false).bad()).isEmpty();
                    assertThat(home.artifacts().put(Samples.graph(home.blobs(), 99, 500, 4800),
                            Samples.components(99)))
                            .as("a lock of a dead writer does not block").isTrue();
                }
            }
        }
        assertThat(hits).as("some entries were written before the kills").isPositive();
        try (var home = CacheHome.open(new CacheSettings(cache, CacheMode.WRITE))) {
            assertThat(home.artifacts().prune(0, Duration.ZERO).entries()).isPositive();
        }
    }

    /** Most are killed a while after their first entry, every fourth at any moment since its start. */
    private void killWhileItWrites(Path cache, boolean starting, int millis) throws Exception {
        Path log = Files.createTempFile(folder, "log", "");
        Process child = ChildJvm.start(EntryWriter.class, log, cache, 1, SEEDS, 1_000_000);
        while (!starting && child.isAlive() && !Files.readString(log).contains(EntryWriter.STORED)) {
            Thread.sleep(5);
        }
        assertThat(child.waitFor(starting ? 2 * millis : millis, TimeUnit.MILLISECONDS))
                .as("still writing").isFalse();
        child.destroyForcibly().waitFor();
    }

    private static boolean isWhole(CacheHome home, int seed) {
        return switch (home.artifacts().lookup(Samples.key(seed))) {
            case Hit(var graph, var bytes) -> {
                assertThat(graph.key()).isEqualTo(Samples.key(seed));
                yield true;
            }
            case Miss(var reason, var detail) -> {
                assertThat(reason).isEqualTo(MissReason.NO_ENTRY);
                yield false;
            }
            case CacheLookup.Corrupt(var reason, var detail) ->
                    throw new AssertionError(reason + ": " + detail);
        };
    }
}
