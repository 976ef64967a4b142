package dev.kiln.cache.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheLookup;
import dev.kiln.cache.CacheLookup.Hit;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.PushReport;
import dev.kiln.cache.Samples;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Machines, each with a folder of its own, that share a Redis server. */
class RemoteHomeTest {
    private static Redis redis;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() {
        redis = Redis.start();
    }

    @AfterAll
    static void stop() {
        redis.close();
    }

    @BeforeEach
    void empty() {
        try (var client = redis.client()) {
            client.flushAll();
        }
    }

    private CacheHome machine(String name) {
        return machine(name, CacheMode.WRITE);
    }

    private CacheHome machine(String name, CacheMode mode) {
        return CacheHome.open(new CacheSettings(folder.resolve(name), mode).withRemote(redis.settings()));
    }

    private CompiledGraph store(int seed) {
        try (CacheHome home = machine("farm")) {
            CompiledGraph graph = Samples.graph(home.blobs(), seed, 5000, 9000);
            assertThat(home.artifacts().put(graph, Samples.components(seed))).isTrue();
            return graph;
        }
    }

    private static CacheLookup lookup(CacheHome home, CompiledGraph graph) {
        return home.artifacts().lookup(graph.key());
    }

    @Test
    void whatOneMachineCompiledAnotherLoadsAndKeeps() {
        CompiledGraph graph = store(1);
        try (CacheHome home = machine("fleet")) {
            assertThat(lookup(home, graph)).isInstanceOfSatisfying(Hit.class, hit ->
                    assertThat(hit.graph()).isEqualTo(graph));
            assertThat(home.metrics().snapshot()).containsEntry("remote.artifact.hit", 1L)
                    .containsEntry("remote.components.hit", 1L).containsEntry("remote.blob.hit", 3L)
                    .doesNotContainKey("remote.artifact.put").doesNotContainKey("remote.failed");
        }
        try (var client = redis.client()) {
            client.flushAll();
        }
        try (CacheHome home = machine("fleet")) {
            assertThat(lookup(home, graph)).isInstanceOf(Hit.class);
            assertThat(home.metrics().snapshot()).doesNotContainKey("remote.artifact.hit")
                    .doesNotContainKey("remote.artifact.miss");
            assertThat(home.artifacts().verify(false).bad()).isEmpty();
        }
    }

    @Test
    void aMissHereAndThereIsAMiss() {
        try (CacheHome home = machine("fleet")) {
            assertThat(home.artifacts().lookup(Samples.key(9))).isInstanceOf(CacheLookup.Miss.class);
            assertThat(home.metrics().get("remote.artifact.miss")).isEqualTo(1);
        }
    }

    @Test
    void anEntryWithoutItsBlobsIsAMissUntilItIsStoredAgain() {
        CompiledGraph graph = store(1);
        try (var client = redis.client()) {
            client.del("kiln:1:blob:" + graph.code().object().digest() + ":0");
        }
        try (CacheHome home = machine("fleet")) {
            assertThat(lookup(home, graph)).isInstanceOf(CacheLookup.Miss.class);
            Samples.graph(home.blobs(), 1, 5000, 9000);
            assertThat(home.artifacts().put(graph, Samples.components(1))).isTrue();
        }
        try (CacheHome home = machine("other")) {
            assertThat(lookup(home, graph)).isInstanceOf(Hit.class);
        }
    }

    @Test
    void aQuarantinedEntryIsNotBroughtBack() {
        CompiledGraph graph = store(1);
        try (CacheHome home = machine("fleet")) {
            assertThat(lookup(home, graph)).isInstanceOf(Hit.class);
            home.artifacts().quarantine(graph.key(), "it does not load here");
            assertThat(lookup(home, graph)).isInstanceOf(CacheLookup.Miss.class);
            assertThat(home.artifacts().put(graph, Samples.components(1))).isTrue();
            assertThat(lookup(home, graph)).isInstanceOf(Hit.class);
        }
    }

    @Test
    void aFolderThatIsOnlyReadServesWhatOthersMade() {
        CompiledGraph graph = store(1);
        try (CacheHome home = machine("fleet", CacheMode.READ)) {
            assertThat(lookup(home, graph)).isInstanceOf(Hit.class);
            assertThat(lookup(home, graph)).isInstanceOf(Hit.class);
            assertThat(home.metrics().get("remote.artifact.hit")).isEqualTo(2);
        }
        try (CacheHome home = machine("fleet", CacheMode.OFF)) {
            assertThat(lookup(home, graph)).isInstanceOf(CacheLookup.Miss.class);
            assertThat(home.remote()).isEmpty();
        }
    }

    @Test
    void aDirectoryThatWasFilledWithoutOneIsPushed() {
        CompiledGraph graph;
        try (CacheHome home = CacheHome.open(new CacheSettings(folder.resolve("farm"), CacheMode.WRITE))) {
            graph = Samples.graph(home.blobs(), 1, 5000, 9000);
            assertThat(home.artifacts().put(graph, Samples.components(1))).isTrue();
            assertThatThrownBy(() -> home.push(seen -> { })).isInstanceOf(IllegalStateException.class);
        }
        for (int turn = 0; turn < 2; turn++) {
            try (CacheHome home = machine("farm", CacheMode.READ)) {
                PushReport report = home.push(seen -> { });
                assertThat(report.complete()).isTrue();
                assertThat(report.records()).isPositive();
                assertThat(report.chunks()).as("of turn %d", turn).isEqualTo(turn == 0 ? 3 : 0);
            }
        }
        try (CacheHome home = machine("fleet")) {
            assertThat(lookup(home, graph)).isInstanceOf(Hit.class);
        }
    }
}
