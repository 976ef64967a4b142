package dev.kiln.cache.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.cache.ChildJvm;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LmdbStoreTest {
    @TempDir
    Path folder;
    private LmdbStore store;

    @BeforeEach
    void open() {
        store = LmdbStore.open(folder, folder.resolve("tmp"));
    }

    @AfterEach
    void close() {
        store.close();
    }

    @Test
    void anEmptyFolderHoldsNothing() {
        assertThat(store.get(Kind.ARTIFACT, bytes("a"))).isEmpty();
        assertThat(store.count(Kind.ARTIFACT)).isZero();
        assertThat(store.bytes()).isZero();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void keepsWhatIsWrittenAndForgetsWhatIsDeleted() {
        put(Kind.ARTIFACT, "a", bytes("1"));
        put(Kind.AOT, "a", bytes("2"));
        assertThat(store.get(Kind.ARTIFACT, bytes("a"))).contains(bytes("1"));
        assertThat(store.get(Kind.AOT, bytes("a"))).contains(bytes("2"));
        assertThat(store.get(Kind.ARTIFACT, bytes("b"))).isEmpty();
        store.write(List.of(Change.delete(Kind.ARTIFACT, bytes("a")), Change.delete(Kind.AOT, bytes("x"))))
                .join();
        assertThat(store.get(Kind.ARTIFACT, bytes("a"))).isEmpty();
        assertThat(store.get(Kind.AOT, bytes("a"))).contains(bytes("2"));
    }

    @Test
    void agreesWithAMapUnderRandomChanges() {
        var random = new Random(7);
        var expected = new TreeMap<String, byte[]>();
        for (int round = 0; round < 60; round++) {
            var changes = new ArrayList<Change>();
            for (int i = 0; i < 40; i++) {
                var key = "key" + random.nextInt(900);
                if (random.nextInt(4) == 0) {
                    changes.add(Change.delete(Kind.TUNING, bytes(key)));
                    expected.remove(key);
                } else {
                    byte[] value = new byte[random.nextInt(10) == 0 ? random.nextInt(40_000)
                            : random.nextInt(300)];
                    random.nextBytes(value);
                    changes.add(Change.put(Kind.TUNING, bytes(key), value));
                    expected.put(key, value);
                }
            }
            store.write(changes).join();
        }
        var found = new TreeMap<String, byte[]>();
        store.forEach(Kind.TUNING, new byte[0], (key, value) -> found.put(text(key), value) == null);
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        expected.forEach((key, value) -> {
            assertThat(found.get(key)).isEqualTo(value);
            assertThat(store.get(Kind.TUNING, bytes(key))).contains(value);
        });
        assertThat(store.count(Kind.TUNING)).isEqualTo(expected.size());
        store.check();
    }

    @Test
    void visitsAPrefixInOrder() {
        var changes = new ArrayList<Change>();
        for (int i = 0; i < 500; i++) {
            changes.add(Change.put(Kind.SOURCE, bytes("p%03d".formatted(i)), bytes("v")));
            changes.add(Change.put(Kind.SOURCE, bytes("q%03d".formatted(i)), bytes("v")));
        }
        store.write(changes).join();
        var keys = new ArrayList<String>();
        store.forEach(Kind.SOURCE, bytes("p"), (key, value) -> keys.add(text(key)));
        assertThat(keys).hasSize(500).isSorted().allMatch(key -> key.startsWith("p"));
    }

    @Test
    void growsPastItsFirstSize() {
        byte[] value = new byte[8 << 20];
        for (int i = 0; i < 12; i++) {
            value[0] = (byte) i;
            put(Kind.ARTIFACT, "big" + i, value.clone());
        }
        assertThat(store.bytes()).isGreaterThan(96L << 20);
        assertThat(store.get(Kind.ARTIFACT, bytes("big7")).orElseThrow()[0]).isEqualTo((byte) 7);
    }

    @Test
    void goesOnWhenAnotherProcessHasGrownTheFile() throws Exception {
        put(Kind.ARTIFACT, "before", bytes("1"));
        Path log = folder.resolve("log");
        assertThat(ChildJvm.start(BigRecordWriter.class, log, folder, 10).waitFor())
                .as(Files.readString(log)).isZero();
        assertThat(store.bytes()).isGreaterThan(80L << 20);
        put(Kind.ARTIFACT, "after", bytes("2"));
        put(Kind.ARTIFACT, "grown", new byte[60 << 20]);
        assertThat(store.get(Kind.ARTIFACT, bytes("before"))).contains(bytes("1"));
        assertThat(store.get(Kind.ARTIFACT, bytes("after"))).contains(bytes("2"));
        assertThat(store.count(Kind.TUNING)).isEqualTo(10);
        assertThat(store.bytes()).isGreaterThan(140L << 20);
    }

    @Test
    void saysWhyLmdbCannotOpenTheFileAndTriesAgain() throws IOException {
        Path lock = Files.createDirectory(folder.resolve(LmdbStore.LOCK));
        var write = store.write(List.of(Change.put(Kind.ARTIFACT, bytes("a"), bytes("b"))));
        assertThatThrownBy(write::join).hasCauseInstanceOf(StoreException.class)
                .hasMessageContaining("LMDB cannot open").hasMessageContaining("EISDIR");
        Files.delete(lock);
        put(Kind.ARTIFACT, "a", bytes("b"));
        assertThat(store.get(Kind.ARTIFACT, bytes("a"))).contains(bytes("b"));
    }

    @Test
    void anotherFolderNameOfTheSameFolderIsTheSameStore() {
        try (var twin = LmdbStore.open(folder.resolve("."), folder)) {
            assertThat(twin).isSameAs(store);
        }
        put(Kind.ARTIFACT, "still", bytes("open"));
    }

    @Test
    void refusesWritesAfterClose() {
        store.close();
        var write = store.write(List.of(Change.put(Kind.ARTIFACT, bytes("a"), bytes("b"))));
        assertThatThrownBy(write::join).hasCauseInstanceOf(StoreException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void startsAgainWhenItsFilesWereRemoved() throws IOException {
        put(Kind.ARTIFACT, "a", bytes("1"));
        Files.delete(folder.resolve(LmdbStore.DATA));
        Files.delete(folder.resolve(LmdbStore.LOCK));
        put(Kind.ARTIFACT, "b", bytes("2"));
        assertThat(store.get(Kind.ARTIFACT, bytes("a"))).isEmpty();
        assertThat(store.get(Kind.ARTIFACT, bytes("b"))).contains(bytes("2"));
    }

    @Test
    void readersSeeWholeSnapshotsWhileOneWrites() throws Exception {
        put(Kind.ARTIFACT, "left", number(0));
        var stop = new AtomicBoolean();
        try (var threads = Executors.newFixedThreadPool(3)) {
            var readers = new ArrayList<Future<Integer>>();
            for (int t = 0; t < 3; t++) {
                readers.add(threads.submit(() -> {
                    int reads = 0;
                    while (!stop.get()) {
                        var seen = new HashMap<String, Long>();
                        store.forEach(Kind.ARTIFACT, new byte[0], (key, value) ->
                                seen.put(text(key), last(value)) == null);
                        assertThat(seen.values()).as("one transaction wrote them all").hasSizeLessThan(60)
                                .containsOnly(seen.get("left"));
                        reads++;
                    }
                    return reads;
                }));
            }
            for (int n = 1; n < 150; n++) {
                var changes = new ArrayList<Change>();
                changes.add(Change.put(Kind.ARTIFACT, bytes("left"), number(n)));
                for (int i = 0; i < 50; i++) {
                    changes.add(Change.put(Kind.ARTIFACT, bytes("r" + i), padded(n, 10 + n * 31 % 9000)));
                }
                store.write(changes).join();
            }
            stop.set(true);
            for (var reader : readers) {
                assertThat(reader.get()).isPositive();
            }
        }
    }

    @Test
    void movesADamagedFileAsideAndStartsEmpty() throws IOException {
        for (int i = 0; i < 200; i++) {
            put(Kind.ARTIFACT, "key" + i, new byte[200]);
        }
        store.close();
        Path data = folder.resolve(LmdbStore.DATA);
        byte[] whole = Files.readAllBytes(data);
        Files.write(data, new byte[whole.length]);
        store = LmdbStore.open(folder, folder.resolve("tmp"));
        assertThatThrownBy(() -> store.get(Kind.ARTIFACT, bytes("key1")))
                .isInstanceOfSatisfying(StoreException.class, e -> assertThat(e.isDamaged()).isTrue());
        var write = store.write(List.of(Change.put(Kind.ARTIFACT, bytes("a"), bytes("b"))));
        assertThatThrownBy(write::join).isInstanceOf(CompletionException.class)
                .hasMessageContaining("damaged");
        store.recover(folder.resolve("quarantine")).join();
        put(Kind.ARTIFACT, "a", bytes("b"));
        assertThat(store.get(Kind.ARTIFACT, bytes("a"))).contains(bytes("b"));
        assertThat(folder.resolve("quarantine")).isDirectoryContaining("glob:**/records-*.mdb");
    }

    @Test
    void recoveryLeavesAWholeFileAlone() {
        put(Kind.ARTIFACT, "a", bytes("1"));
        store.recover(folder.resolve("quarantine")).join();
        assertThat(store.get(Kind.ARTIFACT, bytes("a"))).contains(bytes("1"));
    }

    @Test
    void anyFlippedBitIsHarmlessOrReported() throws IOException {
        var values = new HashMap<String, byte[]>();
        for (int i = 0; i < 120; i++) {
            byte[] value = new byte[i % 10 == 0 ? 6000 : 100];
            value[0] = (byte) i;
            values.put("key" + i, value);
            put(Kind.ARTIFACT, "key" + i, value);
        }
        store.close();
        Path data = folder.resolve(LmdbStore.DATA);
        byte[] whole = Files.readAllBytes(data);
        var random = new Random(3);
        int reported = 0;
        for (int round = 0; round < 400; round++) {
            byte[] flipped = whole.clone();
            flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(data, flipped);
            store = LmdbStore.open(folder, folder.resolve("tmp"));
            reported += readsOrReports(values) ? 0 : 1;
            store.close();
        }
        assertThat(reported).isPositive();
    }

    private boolean readsOrReports(Map<String, byte[]> values) {
        try {
            values.keySet().forEach(key -> store.get(Kind.ARTIFACT, bytes(key)));
            store.check();
            return true;
        } catch (StoreException e) {
            assertThat(e.isDamaged()).isTrue();
            return false;
        }
    }

    private void put(Kind kind, String key, byte[] value) {
        store.write(List.of(Change.put(kind, bytes(key), value))).join();
    }

    private static long last(byte[] value) {
        return ByteBuffer.wrap(value).getLong(value.length - 8);
    }

    private static byte[] number(long n) {
        return ByteBuffer.allocate(8).putLong(n).array();
    }

    private static byte[] padded(long n, int size) {
        return ByteBuffer.allocate(size + 8).putLong(size, n).array();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
