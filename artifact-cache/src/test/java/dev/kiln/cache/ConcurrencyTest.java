package dev.kiln.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.cache.CacheLookup.Hit;
import dev.kiln.cache.store.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConcurrencyTest {
    @TempDir
    Path folder;

    @Test
    void processesThatStoreTheSameKeysAgree() throws Exception {
        Path cache = folder.resolve("cache");
        Path log = folder.resolve("log");
        var children = new ArrayList<Process>();
        for (int i = 0; i < 3; i++) {
            children.add(ChildJvm.start(EntryWriter.class, log, cache, 1, 3, 15));
        }
        for (Process child : children) {
            assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
            assertThat(child.exitValue()).as(() -> read(log)).isZero();
        }
        try (var home = CacheHome.open(new CacheSettings(cache, CacheMode.WRITE))) {
            for (int seed = 1; seed <= 3; seed++) {
                assertThat(home.artifacts().lookup(Samples.key(seed))).isInstanceOf(Hit.class);
            }
            assertThat(home.artifacts().verify(false).bad()).isEmpty();
            assertThat(cache.resolve("tmp")).isEmptyDirectory();
        }
    }

    @Test
    void manyThreadsReadAndWriteOneCache() throws Exception {
        try (var home = CacheHome.open(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE));
             var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var results = new ArrayList<Future<Integer>>();
            for (int t = 0; t < 12; t++) {
                int first = t % 4;
                results.add(threads.submit(() -> {
                    int hits = 0;
                    for (int i = 0; i < 20; i++) {
                        var graph = Samples.graph(home.blobs(), first + i % 3, 400, 9600);
                        assertThat(home.artifacts().put(graph, Samples.components(first + i % 3))).isTrue();
                        assertThat(home.artifacts().lookup(graph.key()))
                                .isEqualTo(hit(graph, home, graph.key()));
                        hits++;
                    }
                    return hits;
                }));
            }
            for (var result : results) {
                assertThat(result.get()).isEqualTo(20);
            }
            assertThat(home.metrics().get("corrupt")).isZero();
        }
    }

    @Test
    void anInterruptedReaderHarmsNobody() {
        try (var home = CacheHome.open(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE))) {
            var graph = Samples.graph(home.blobs(), 1, 400, 9600);
            home.artifacts().put(graph, Samples.components(1));
            Thread.currentThread().interrupt();
            home.artifacts().lookup(graph.key());
            assertThat(Thread.interrupted()).isTrue();
            assertThat(home.artifacts().lookup(graph.key())).isInstanceOf(Hit.class);
        }
    }

    private static Hit hit(CompiledGraph graph, CacheHome home, CacheKey key) {
        long bytes = home.records().get(Kind.ARTIFACT, Keys.bytes(key)).orElseThrow().length;
        return new Hit(graph, bytes);
    }

    private static String read(Path log) {
        try {
            return Files.readString(log);
        } catch (IOException e) {
            return e.toString();
        }
    }
}
