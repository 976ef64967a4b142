package dev.kiln.cache.aot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.cache.Blob;
import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.CompiledGraph.Code;
import dev.kiln.cache.CompiledGraph.CudagraphInfo;
import dev.kiln.cache.CompiledGraph.History;
import dev.kiln.cache.CompiledGraph.Signature;
import dev.kiln.cache.KeyBuilder;
import dev.kiln.cache.KeyComponents;
import dev.kiln.cache.aot.AotEntry.Input;
import dev.kiln.cache.aot.AotEntry.InputKind;
import dev.kiln.cache.aot.AotEntry.Output;
import dev.kiln.cache.aot.AotEntry.OutputKind;
import dev.kiln.cache.aot.AotEntry.Wrappers;
import dev.kiln.cache.aot.AotLookup.Corrupt;
import dev.kiln.cache.aot.AotLookup.Hit;
import dev.kiln.cache.aot.AotLookup.Miss;
import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AotAutogradCacheTest {
    private static final KeyComponents COMPONENTS =
            AotKey.components(graphComponents("traced"), AotOptions.inference(2));
    private static final CacheKey KEY = COMPONENTS.key();

    @TempDir
    Path folder;
    private CacheHome home;
    private AotAutogradCache cache;

    @BeforeEach
    void open() {
        home = CacheHome.open(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE));
        cache = new AotAutogradCache(home);
    }

    @AfterEach
    void close() {
        home.close();
    }

    @Test
    void joinsForwardAndBackward() throws IOException {
        assertMiss("no entry");
        CompiledGraph forward = graph("forward");
        CompiledGraph backward = graph("backward");
        AotEntry entry = store(forward, Optional.of(backward.key()), false);
        home.close();
        open();
        assertThat(cache.lookup(KEY, true)).isEqualTo(new Hit(entry, forward, Optional.of(backward)));
        assertThat(home.metrics().snapshot()).containsEntry("aot.hit", 1L)
                .containsEntry("aot.saved.nanos", 5L)
                .containsEntry("hit", 2L);
    }

    @Test
    void inferenceNeedsNoBackward() throws IOException {
        CompiledGraph forward = graph("forward");
        store(forward, Optional.empty(), false);
        assertThat(cache.lookup(KEY, false)).isInstanceOf(Hit.class);
        assertThat(cache.lookup(KEY, true)).isInstanceOf(Hit.class);
    }

    @Test
    void aPartialEntryServesForwardUntilItIsReplaced() throws IOException {
        CompiledGraph forward = graph("forward");
        store(forward, Optional.empty(), true);
        assertThat(cache.lookup(KEY, false)).isInstanceOf(Hit.class);
        assertThat(cache.lookup(KEY, true)).isInstanceOfSatisfying(Miss.class,
                miss -> assertThat(miss.reason()).isEqualTo("partial entry"));
        store(forward, Optional.of(graph("backward").key()), false);
        assertThat(cache.lookup(KEY, true)).isInstanceOf(Hit.class);
    }

    @Test
    void aMissingGraphIsAMissUntilItIsStoredAgain() throws IOException {
        CompiledGraph forward = graph("forward");
        CompiledGraph backward = graph("backward");
        store(forward, Optional.of(backward.key()), false);
        for (CompiledGraph lost : List.of(forward, backward)) {
            home.records().write(List.of(Change.delete(Kind.ARTIFACT, bytes(lost.key())))).join();
            assertMiss("graph missing");
            graph(lost == forward ? "forward" : "backward");
            store(forward, Optional.of(backward.key()), false);
            assertThat(cache.lookup(KEY, true)).isInstanceOf(Hit.class);
        }
    }

    @Test
    void aDamagedGraphMakesTheEntryCorrupt() throws IOException {
        CompiledGraph forward = graph("forward");
        store(forward, Optional.empty(), false);
        Path code = home.blobs().path(forward.code().object());
        byte[] content = Files.readAllBytes(code);
        content[1] ^= 1;
        Files.write(code, content);
        assertThat(cache.lookup(KEY, false)).isInstanceOfSatisfying(Corrupt.class,
                corrupt -> assertThat(corrupt.reason()).isEqualTo("BLOB_DIGEST"));
        graph("forward");
        assertThat(cache.lookup(KEY, false)).isInstanceOf(Hit.class);
    }

    @Test
    void aDamagedEntryIsReportedAndReplaced() throws IOException {
        CompiledGraph forward = graph("forward");
        store(forward, Optional.empty(), false);
        byte[] sealed = home.records().get(Kind.AOT, bytes(KEY)).orElseThrow();
        for (int at = 0; at < sealed.length; at += 7) {
            byte[] damaged = sealed.clone();
            damaged[at] ^= 0x20;
            home.records().write(List.of(Change.put(Kind.AOT, bytes(KEY), damaged))).join();
            assertThat(cache.lookup(KEY, false)).as("byte %d", at).isInstanceOf(Corrupt.class);
            store(forward, Optional.empty(), false);
            assertThat(cache.lookup(KEY, false)).isInstanceOf(Hit.class);
        }
    }

    @Test
    void quarantineAndPruneTakeEntriesOut() throws IOException {
        CompiledGraph forward = graph("forward");
        store(forward, Optional.empty(), false);
        cache.quarantine(KEY, "a test says so");
        assertMiss("no entry");
        store(forward, Optional.empty(), false);
        assertThat(home.artifacts().prune(0, Duration.ofDays(1)).entries()).isEqualTo(2);
        assertMiss("no entry");
    }

    @Test
    void refusesAnEntryUnderAnotherKey() throws IOException {
        CompiledGraph forward = graph("forward");
        AotEntry entry = store(forward, Optional.empty(), false);
        var other = AotKey.components(graphComponents("other"), AotOptions.inference(2));
        assertThatThrownBy(() -> cache.put(entry, other)).isInstanceOf(IllegalArgumentException.class);
    }

    private void assertMiss(String reason) {
        assertThat(cache.lookup(KEY, true)).isInstanceOfSatisfying(Miss.class,
                miss -> assertThat(miss.reason()).isEqualTo(reason));
    }

    private AotEntry store(CompiledGraph forward, Optional<CacheKey> backward, boolean partial) {
        var entry = new AotEntry(KEY, forward.key(), backward,
                List.of(new Input("x", InputKind.USER_INPUT, true, false),
                new Input("w", InputKind.PARAMETER, false, true)),
                List.of(new Output("y", OutputKind.FRESH, -1), new Output("x", OutputKind.MUTATED_INPUT, 0)),
                List.of("s0"), List.of("s0 > 1"), new Wrappers(1, List.of(1), false, true), partial, 5);
        assertThat(cache.put(entry, COMPONENTS)).isTrue();
        return entry;
    }

    private CompiledGraph graph(String name) throws IOException {
        Blob code = home.blobs().put(name.getBytes(StandardCharsets.UTF_8));
        var graph = new CompiledGraph(graphComponents(name).key(),
                new Code(code, code, code, "v4", List.of()),
                new Signature(List.of(), List.of(), List.of(), List.of()), List.of(), List.of(), List.of(),
                new CudagraphInfo(List.of(), List.of(), List.of()),
                new History(List.of(), Map.of(), Map.of(), 3));
        assertThat(home.artifacts().put(graph, graphComponents(name))).isTrue();
        return graph;
    }

    private static KeyComponents graphComponents(String name) {
        var keys = new KeyBuilder("kg");
        keys.component("graph").text(name);
        return keys.components();
    }

    private static byte[] bytes(CacheKey key) {
        return key.text().getBytes(StandardCharsets.US_ASCII);
    }
}
