package dev.kiln.cache.remote;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kiln.cache.Blob;
import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheMetrics;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.cache.Samples;
import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import dev.kiln.cache.store.LmdbStore;
import dev.kiln.cache.store.RecordStore;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a store in memory, which can be looked into and broken. */
class RemoteCacheTest {
    private static final RemoteSettings SETTINGS = RemoteSettings.of("redis://nowhere");

    @TempDir
    Path folder;
    private final MemoryStore store = new MemoryStore();
    private final CacheMetrics metrics = new CacheMetrics();
    private final RemoteCache cache = new RemoteCache(() -> store, SETTINGS, metrics);

    private static void finish(RemoteCache cache) {
        assertThat(cache.awaitUploads(Duration.ofSeconds(20))).isTrue();
    }

    @Test
    void aServerThatIsGoneIsAskedOnceAndThenLeftAlone() {
        store.readable = false;
        for (int i = 0; i < 10; i++) {
            assertThat(cache.get(Kind.ARTIFACT, "a")).isEmpty();
        }
        assertThat(store.questions).isEqualTo(1);
        assertThat(metrics.get("remote.failed")).isEqualTo(1);
        assertThat(metrics.get("remote.skipped")).isEqualTo(9);
        assertThat(metrics.get("remote.artifact.miss")).as("nobody knows").isZero();
    }

    @Test
    void aFullServerStillServes() {
        cache.put(Kind.ARTIFACT, "a", new byte[] {1});
        finish(cache);
        store.writable = false;
        cache.put(Kind.ARTIFACT, "b", new byte[] {2});
        finish(cache);
        assertThat(metrics.get("remote.failed")).isEqualTo(1);
        assertThat(cache.get(Kind.ARTIFACT, "a")).contains(new byte[] {1});
    }

    @Test
    void aReadOnlyUserSendsNothing() {
        try (var reader = new RemoteCache(() -> store, SETTINGS.withWrites(false), metrics)) {
            reader.put(Kind.ARTIFACT, "a", new byte[] {1});
            reader.putField(Kind.VARIANT, "a", "b", new byte[] {1});
            finish(reader);
        }
        assertThat(store.values).isEmpty();
        assertThat(store.fields).isEmpty();
    }

    @Test
    void damageAndForgeryAreMisses() {
        cache.put(Kind.ARTIFACT, "a", new byte[] {1});
        cache.put(Kind.ARTIFACT, "b", new byte[] {2});
        finish(cache);
        store.values.put("kiln:1:artifact:a", store.values.get("kiln:1:artifact:b"));
        assertThat(cache.get(Kind.ARTIFACT, "a")).isEmpty();
        assertThat(new RemoteCache(() -> store, SETTINGS.withSecret("word"), metrics).get(Kind.ARTIFACT, "b")).isEmpty();
        assertThat(metrics.get("remote.artifact.corrupt")).isEqualTo(2);
        assertThat(metrics.get("remote.artifact.miss")).isEqualTo(2);
    }

    @Test
    void blobsGoInChunksAndOnlyOnce() throws IOException {
        try (CacheHome here = home("here"); CacheHome there = home("there")) {
            for (int size : List.of(0, 1, RemoteBlobs.CHUNK, 2 * RemoteBlobs.CHUNK + 5)) {
                store.values.clear();
                Blob blob = here.blobs().put(Samples.content(3, size));
                cache.put(blob, here.blobs());
                finish(cache);
                assertThat(store.values).hasSize(Math.max(1, (size + RemoteBlobs.CHUNK - 1) / RemoteBlobs.CHUNK));
                long sent = metrics.get("remote.blob.put");
                cache.put(blob, here.blobs());
                finish(cache);
                assertThat(metrics.get("remote.blob.put")).isEqualTo(sent);
                assertThat(cache.fetch(blob, there.blobs())).isTrue();
                assertThat(there.blobs().read(blob)).isEqualTo(Samples.content(3, size));
            }
        }
    }

    @Test
    void aBlobWithAHoleIsMendedByTheNextWhoHasIt() throws IOException {
        try (CacheHome here = home("here"); CacheHome there = home("there")) {
            Blob blob = here.blobs().put(Samples.content(3, 2 * RemoteBlobs.CHUNK));
            cache.put(blob, here.blobs());
            finish(cache);
            store.values.remove("kiln:1:blob:" + blob.digest() + ":1");
            assertThat(cache.fetch(blob, there.blobs())).isFalse();
            assertThat(there.blobs().contains(blob)).isFalse();
            cache.put(blob, here.blobs());
            finish(cache);
            assertThat(cache.fetch(blob, there.blobs())).isTrue();
        }
    }

    /** Each chunk is whole and has its name; only the digest of all tells that they do not belong together. */
    @Test
    void aBlobThatIsAnotherIsNotKept() throws IOException {
        try (CacheHome here = home("here"); CacheHome there = home("there")) {
            Blob blob = here.blobs().put(Samples.content(3, 100));
            new SealedStore(store, SETTINGS, metrics).put("blob", "blob:" + blob.digest() + ":0", Samples.content(4, 100));
            assertThat(cache.fetch(blob, there.blobs())).isFalse();
            assertThat(there.artifacts().stats().blobs()).isZero();
        }
    }

    private CacheHome home(String name) {
        return CacheHome.open(new CacheSettings(folder.resolve(name), CacheMode.WRITE));
    }

    @Test
    void recordsOfOthersAreKeptHere() {
        try (RecordStore mine = records("mine", true); RecordStore other = records("other", true)) {
            other.write(List.of(put(Kind.TUNING, "t"), put(Kind.SOURCE, "r:x"), put(Kind.SOURCE, "p:x"),
                    put(Kind.ACCESS, "t"), put(Kind.STAMP, "s"))).join();
            finish(cache);
            assertThat(store.values.keySet()).containsExactlyInAnyOrder("kiln:1:tuning:t", "kiln:1:source:r:x");
            assertThat(mine.get(Kind.TUNING, bytes("t"))).contains(bytes("t"));
            int asked = store.questions;
            mine.write(List.of(put(Kind.ACCESS, "flush"))).join();
            assertThat(mine.get(Kind.TUNING, bytes("t"))).contains(bytes("t"));
            assertThat(mine.get(Kind.SOURCE, bytes("p:x"))).as("tells of another machine").isEmpty();
            assertThat(store.questions).isEqualTo(asked);
        }
    }

    @Test
    void whatMayNotBeWrittenHereIsAskedForEachTime() {
        try (RecordStore mine = records("mine", false); RecordStore other = records("other", true)) {
            other.write(List.of(put(Kind.TUNING, "t"))).join();
            finish(cache);
            for (int hits = 1; hits < 3; hits++) {
                assertThat(mine.get(Kind.TUNING, bytes("t"))).contains(bytes("t"));
                assertThat(metrics.get("remote.tuning.hit")).isEqualTo(hits);
            }
        }
    }

    @Test
    void recordsThatBelongToOneAreFoundByIt() {
        try (RecordStore mine = records("mine", true); RecordStore other = records("other", true)) {
            mine.write(List.of(put(Kind.VARIANT, "owner:1"), put(Kind.VARIANT, "stranger:1"))).join();
            other.write(List.of(put(Kind.VARIANT, "owner:1"), put(Kind.VARIANT, "owner:2"))).join();
            finish(cache);
            assertThat(visited(mine)).containsExactly("owner:1", "owner:2");
            store.fields.clear();
            mine.write(List.of(put(Kind.ACCESS, "flush"))).join();
            assertThat(visited(mine)).as("kept here").containsExactly("owner:1", "owner:2");
        }
    }

    @Test
    void whatWasRefusedIsNotAskedForBeforeItIsWrittenAnew() {
        try (SharedRecords mine = records("mine", true); RecordStore other = records("other", true)) {
            other.write(List.of(put(Kind.ARTIFACT, "a"), put(Kind.VARIANT, "owner:2"))).join();
            finish(cache);
            mine.refuse(Kind.ARTIFACT, bytes("a"));
            mine.refuse(Kind.VARIANT, bytes("owner:2"));
            assertThat(mine.get(Kind.ARTIFACT, bytes("a"))).isEmpty();
            assertThat(visited(mine)).isEmpty();
            mine.write(List.of(put(Kind.ARTIFACT, "a"))).join();
            mine.write(List.of(Change.delete(Kind.ARTIFACT, bytes("a")))).join();
            assertThat(mine.get(Kind.ARTIFACT, bytes("a"))).as("pruned here, not refused").contains(bytes("a"));
        }
    }

    @Test
    void whatWaitsIsSentBeforeTheEnd() {
        var sent = new AtomicInteger();
        var uploads = new Uploads(metrics);
        for (int i = 0; i < 100; i++) {
            uploads.add(sent::incrementAndGet);
        }
        uploads.close(Duration.ofSeconds(20));
        assertThat(sent).hasValue(100);
        uploads.add(sent::incrementAndGet);
        assertThat(metrics.get("remote.dropped")).isEqualTo(1);
    }

    private SharedRecords records(String name, boolean keeps) {
        Path own = folder.resolve(name);
        assertThat(own.toFile().mkdirs()).isTrue();
        return new SharedRecords(LmdbStore.open(own, own), cache, keeps);
    }

    private static List<String> visited(RecordStore records) {
        var keys = new ArrayList<String>();
        records.forEach(Kind.VARIANT, bytes("owner:"), (key, value) -> keys.add(new String(key, StandardCharsets.US_ASCII)));
        return keys;
    }

    private static Change put(Kind kind, String key) {
        return Change.put(kind, bytes(key), bytes(key));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
