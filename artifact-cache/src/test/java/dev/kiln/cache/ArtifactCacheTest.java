package dev.kiln.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kiln.cache.CacheLookup.Corrupt;
import dev.kiln.cache.CacheLookup.Hit;
import dev.kiln.cache.CacheLookup.Miss;
import dev.kiln.cache.CacheLookup.MissReason;
import dev.kiln.cache.CorruptEntryException.Reason;
import dev.kiln.cache.codec.Envelope;
import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ArtifactCacheTest {
    @TempDir
    Path folder;
    private CacheHome home;

    @BeforeEach
    void open() {
        home = open(CacheMode.WRITE);
    }

    @AfterEach
    void close() {
        home.close();
    }

    @Test
    void missesThenHits() {
        assertMiss(1, MissReason.NO_ENTRY);
        CompiledGraph graph = store(1);
        assertThat(home.artifacts().lookup(graph.key())).isInstanceOfSatisfying(Hit.class,
                hit -> assertThat(hit.graph()).isEqualTo(graph));
        reopen(CacheMode.WRITE);
        assertHit(1);
        assertThat(home.metrics().snapshot()).containsEntry("hit", 1L)
                .containsEntry("saved.nanos", 1_500_000_000L);
        assertMiss(2, MissReason.NO_ENTRY);
        assertThat(home.metrics().get("miss.no entry")).isEqualTo(1);
    }

    @Test
    void directoryIsForItsOwnerAlone() throws IOException {
        store(1);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("cache"))))
                .isEqualTo("rwx------");
    }

    @Test
    void refusesAnEntryUnderAnotherKey() {
        CompiledGraph graph = Samples.graph(home.blobs(), 1, 100, 4800);
        assertThatThrownBy(() -> home.artifacts().put(graph, Samples.components(2)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void refusesAnEntryWithoutItsBlobs() throws IOException {
        CompiledGraph graph = Samples.graph(home.blobs(), 1, 100, 4800);
        Files.delete(home.blobs().path(graph.code().object()));
        assertThat(home.artifacts().put(graph, Samples.components(1))).isFalse();
        assertMiss(1, MissReason.NO_ENTRY);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, 7, 9, 20, 44, 60, 400})
    void aDamagedRecordIsReportedAndReplaced(int at) {
        CompiledGraph graph = store(1);
        byte[] sealed = home.records().get(Kind.ARTIFACT, Keys.bytes(graph.key())).orElseThrow();
        sealed[at] ^= 8;
        write(graph.key(), sealed);
        assertThat(home.artifacts().lookup(graph.key())).isInstanceOf(Corrupt.class);
        assertThat(home.metrics().get("corrupt")).isEqualTo(1);
        assertThat(home.quarantine().resolve(graph.key() + ".entry")).hasBinaryContent(sealed);
        assertMiss(1, MissReason.NO_ENTRY);
        store(1);
        assertHit(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 43, 44, 300})
    void aTruncatedRecordIsReportedAndReplaced(int length) {
        CompiledGraph graph = store(1);
        byte[] sealed = home.records().get(Kind.ARTIFACT, Keys.bytes(graph.key())).orElseThrow();
        write(graph.key(), Arrays.copyOf(sealed, length));
        assertThat(home.artifacts().lookup(graph.key())).isInstanceOf(Corrupt.class);
        store(1);
        assertHit(1);
    }

    @Test
    void anEntryUnderAnotherKeyIsCorrupt() {
        CompiledGraph graph = store(1);
        write(Samples.key(2), home.records().get(Kind.ARTIFACT, Keys.bytes(graph.key())).orElseThrow());
        assertThat(home.artifacts().lookup(Samples.key(2))).isInstanceOfSatisfying(Corrupt.class,
                corrupt -> assertThat(corrupt.reason()).isEqualTo(Reason.WRONG_KEY));
    }

    @Test
    void anEntryOfAnotherSchemaIsAPlainMiss() {
        write(Samples.key(1), Envelope.seal(99, new byte[] {1, 2, 3}));
        assertMiss(1, MissReason.OTHER_FORMAT);
        assertThat(home.artifacts().verify(false).bad()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void aFlippedBitInAnyBlobIsReportedAndReplaced(int which) throws IOException {
        CompiledGraph graph = store(1);
        Path path = home.blobs().path(graph.requiredBlobs().get(which));
        byte[] content = Files.readAllBytes(path);
        content[content.length / 2] ^= 1;
        Files.write(path, content);
        assertCorrupt(1, Reason.BLOB_DIGEST);
        assertMiss(1, MissReason.NO_ENTRY);
        store(1);
        assertHit(1);
    }

    @Test
    void aTruncatedBlobIsReportedAndReplaced() throws IOException {
        CompiledGraph graph = store(1);
        Path path = home.blobs().path(graph.constants().getFirst().blob());
        Files.write(path, Arrays.copyOf(Files.readAllBytes(path), 1000));
        assertCorrupt(1, Reason.BLOB_LENGTH);
        store(1);
        assertHit(1);
    }

    @Test
    void aMissingBlobIsAMiss() throws IOException {
        CompiledGraph graph = store(1);
        Files.delete(home.blobs().path(graph.code().runtime()));
        assertMiss(1, MissReason.BLOB_MISSING);
        store(1);
        assertHit(1);
    }

    @Test
    void aDamagedRecordFileIsReportedMovedAsideAndRefilled() throws IOException {
        store(1);
        home.close();
        Path data = folder.resolve("cache/data.mdb");
        byte[] bytes = Files.readAllBytes(data);
        Arrays.fill(bytes, 0, bytes.length / 2, (byte) 0x5a);
        Files.write(data, bytes);
        home = open(CacheMode.WRITE);
        assertCorrupt(1, Reason.STORE_DAMAGED);
        assertMiss(1, MissReason.NO_ENTRY);
        store(1);
        assertHit(1);
        assertThat(home.artifacts().stats().quarantined()).isEqualTo(1);
    }

    @Test
    void anEmptyRecordFileIsAnEmptyCache() throws IOException {
        store(1);
        home.close();
        Files.write(folder.resolve("cache/data.mdb"), new byte[0]);
        home = open(CacheMode.WRITE);
        assertMiss(1, MissReason.NO_ENTRY);
        store(1);
        assertHit(1);
    }

    @ParameterizedTest
    @EnumSource(CacheMode.class)
    void eachModeDoesWhatItSays(CacheMode mode) {
        store(1);
        reopen(mode);
        if (mode.reads()) {
            assertHit(1);
        } else {
            assertMiss(1, MissReason.CACHE_OFF);
        }
        CompiledGraph second = Samples.graph(home.blobs(), 2, 100, 4800);
        assertThat(home.blobs().contains(second.code().object())).as("a compile can always put its code")
                .isTrue();
        assertThat(home.artifacts().put(second, Samples.components(2))).isEqualTo(mode.writes());
        reopen(CacheMode.READ);
        if (mode.writes()) {
            assertHit(2);
        } else {
            assertMiss(2, MissReason.NO_ENTRY);
            assertThat(home.blobs().contains(second.code().object())).isFalse();
        }
    }

    @Test
    void worksWithoutADirectory() throws IOException {
        home.close();
        Path file = Files.createFile(folder.resolve("file"));
        home = CacheHome.open(new CacheSettings(file, CacheMode.WRITE));
        assertThat(home.mode()).isEqualTo(CacheMode.OFF);
        assertMiss(1, MissReason.CACHE_OFF);
        CompiledGraph graph = Samples.graph(home.blobs(), 1, 100, 4800);
        assertThat(home.artifacts().put(graph, Samples.components(1))).isFalse();
        assertThat(home.artifacts().stats().records().values()).allMatch(count -> count == 0);
    }

    @Test
    void refusesADirectoryThatOthersCanWrite() throws IOException {
        home.close();
        Path open = Files.createDirectory(folder.resolve("open"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
        home = CacheHome.open(new CacheSettings(open, CacheMode.WRITE));
        assertThat(home.mode()).isEqualTo(CacheMode.OFF);
    }

    @Test
    void explainsAMissByTheNearestEntry() {
        assertThat(home.artifacts().explainMiss(Samples.components(1)).text())
                .contains("no entry of this kind");
        store(1);
        var explanation = home.artifacts().explainMiss(Samples.components(2));
        assertThat(explanation.nearest()).contains(Samples.key(1));
        assertThat(explanation.text()).isEqualTo("nearest entry " + Samples.key(1) + " differs in graph");
    }

    @Test
    void verifyFindsAndRemovesWhatIsBad() throws IOException {
        store(1);
        CompiledGraph second = store(2);
        CompiledGraph third = store(3);
        byte[] sealed = home.records().get(Kind.ARTIFACT, Keys.bytes(second.key())).orElseThrow();
        sealed[100] ^= 1;
        write(second.key(), sealed);
        Path blob = home.blobs().path(third.code().object());
        byte[] code = Files.readAllBytes(blob);
        code[3] ^= 1;
        Files.write(blob, code);
        assertThat(home.artifacts().verify(false).bad()).hasSize(2).noneMatch(VerifyReport.Finding::removed);
        assertThat(home.artifacts().verify(true).bad()).hasSize(3).allMatch(VerifyReport.Finding::removed);
        assertThat(home.artifacts().verify(false).bad()).isEmpty();
        assertHit(1);
    }

    @Test
    void pruneKeepsTheMostRecentlyUsed() {
        for (int i = 1; i <= 5; i++) {
            store(i);
            access(i, System.currentTimeMillis() - (10 - i) * 60_000L);
        }
        access(1, System.currentTimeMillis());
        long one = 100 + 3000 + 4800 + 2000;
        var report = home.artifacts().prune(3 * one, Duration.ofDays(1));
        assertThat(report.entries()).isPositive();
        assertThat(report.keptBytes()).isLessThanOrEqualTo(3 * one);
        assertThat(report.blobs()).as("the shared runtime stays").isEqualTo(2 * report.entries());
        assertHit(1);
        assertHit(5);
        assertMiss(2, MissReason.NO_ENTRY);
        assertThat(home.artifacts().verify(false).bad()).isEmpty();
    }

    @Test
    void pruneRemovesWhatIsTooOldAndLeftovers() throws IOException {
        store(1);
        store(2);
        access(1, System.currentTimeMillis() - Duration.ofDays(40).toMillis());
        Path leftover = Files.createFile(folder.resolve("cache/tmp/1-dead"));
        Path fresh = Files.createFile(folder.resolve("cache/tmp/2-alive"));
        Files.setLastModifiedTime(leftover, FileTime.fromMillis(0));
        Blob orphan = home.blobs().put(Samples.content(77, 50));
        var report = home.artifacts().prune(Long.MAX_VALUE, Duration.ofDays(30));
        assertThat(report.entries()).isEqualTo(1);
        assertThat(report.temporaryFiles()).isEqualTo(1);
        assertThat(leftover).doesNotExist();
        assertThat(fresh).exists();
        assertThat(home.blobs().contains(orphan)).as("its record may be on its way").isTrue();
        assertMiss(1, MissReason.NO_ENTRY);
        assertHit(2);
    }

    @Test
    void statsCountRecordsAndBlobs() {
        store(1);
        store(2);
        var stats = home.artifacts().stats();
        assertThat(stats.records())
                .containsAllEntriesOf(Map.of("artifact", 2L, "components", 2L, "access", 2L));
        assertThat(stats.blobs()).isEqualTo(5);
        assertThat(stats.blobBytes()).isEqualTo(2 * (100 + 4800) + 3000);
        assertThat(stats.recordBytes()).isPositive();
    }

    @Test
    void checkModeNamesWhatDiffers() {
        CompiledGraph stored = store(1);
        CompiledGraph other = Samples.graph(home.blobs(), 2, 100, 4800);
        assertThat(stored.differences(other)).containsExactly("key", "code", "constants");
    }

    private CompiledGraph store(int seed) {
        CompiledGraph graph = Samples.graph(home.blobs(), seed, 100, 4800);
        assertThat(home.artifacts().put(graph, Samples.components(seed))).isTrue();
        return graph;
    }

    private void write(CacheKey key, byte[] sealed) {
        home.records().write(List.of(Change.put(Kind.ARTIFACT, Keys.bytes(key), sealed))).join();
    }

    private void access(int seed, long millis) {
        byte[] time = ByteBuffer.allocate(8).putLong(millis).array();
        home.records().write(List.of(Change.put(Kind.ACCESS, Keys.bytes(Samples.key(seed)), time))).join();
    }

    private void assertHit(int seed) {
        assertThat(home.artifacts().lookup(Samples.key(seed))).isInstanceOf(Hit.class);
    }

    private void assertMiss(int seed, MissReason reason) {
        assertThat(home.artifacts().lookup(Samples.key(seed))).isInstanceOfSatisfying(Miss.class,
                miss -> assertThat(miss.reason()).isEqualTo(reason));
    }

    private void assertCorrupt(int seed, Reason reason) {
        assertThat(home.artifacts().lookup(Samples.key(seed))).isInstanceOfSatisfying(Corrupt.class,
                corrupt -> assertThat(corrupt.reason()).isEqualTo(reason));
    }

    private void reopen(CacheMode mode) {
        home.close();
        home = open(mode);
    }

    private CacheHome open(CacheMode mode) {
        return CacheHome.open(new CacheSettings(folder.resolve("cache"), mode));
    }
}
