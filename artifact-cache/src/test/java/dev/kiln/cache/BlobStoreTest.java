package dev.kiln.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BlobStoreTest {
    private static final int LARGE = ContentDigest.CHUNK + 5000;

    @TempDir
    Path folder;
    private CacheHome home;
    private BlobStore blobs;

    @BeforeEach
    void open() {
        home = CacheHome.open(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE, 1, Duration.ZERO));
        blobs = home.blobs();
    }

    @AfterEach
    void close() {
        home.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 100, LARGE})
    void keepsContentUnderItsDigest(int length) throws IOException {
        byte[] content = Samples.content(1, length);
        Blob blob = blobs.put(content);
        assertThat(blob).isEqualTo(ContentDigest.of(content));
        assertThat(blobs.contains(blob)).isTrue();
        assertThat(blobs.read(blob)).isEqualTo(content);
        assertThat(blobs.path(blob))
                .endsWith(Path.of("blobs", blob.digest().substring(0, 2), blob.digest().substring(2)));
        try (Arena arena = Arena.ofConfined()) {
            var mapped = blobs.map(blob, arena);
            assertThat(mapped.isReadOnly()).isTrue();
            assertThat(mapped.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(content);
        }
        assertThat(folder.resolve("cache/tmp")).isEmptyDirectory();
    }

    @Test
    void partsAndWholeAreTheSameBlob() throws IOException {
        byte[] content = Samples.content(2, LARGE);
        try (BlobWriter writer = blobs.newWriter()) {
            writer.write(ByteBuffer.wrap(content, 0, 1_000_000));
            writer.write(ByteBuffer.wrap(content, 1_000_000, LARGE - 1_000_000));
            assertThat(writer.commit()).isEqualTo(ContentDigest.of(content));
        }
        assertThat(blobs.put(ByteBuffer.wrap(content))).isEqualTo(ContentDigest.of(content));
    }

    @Test
    void anAbandonedWriterLeavesNothing() throws IOException {
        try (BlobWriter writer = blobs.newWriter()) {
            writer.write(ByteBuffer.wrap(new byte[10]));
        }
        assertThat(folder.resolve("cache/tmp")).isEmptyDirectory();
        assertThat(folder.resolve("cache/blobs")).doesNotExist();
    }

    @Test
    void theSameContentIsWrittenOnce() throws IOException {
        Blob blob = blobs.put(Samples.content(3, 500));
        Object first = Files.getAttribute(blobs.path(blob), "unix:ino");
        blobs.put(Samples.content(3, 500));
        assertThat(Files.getAttribute(blobs.path(blob), "unix:ino")).isEqualTo(first);
    }

    @ParameterizedTest
    @ValueSource(ints = {500, LARGE})
    void aFlippedBitIsSeenAndThePutReplacesIt(int length) throws IOException {
        Blob blob = blobs.put(Samples.content(4, length));
        settle(blob);
        for (int at : new int[] {0, length / 2, length - 1}) {
            flip(blobs.path(blob), at);
            assertThat(blobs.verifier().check(blob)).isEqualTo(BlobState.WRONG_DIGEST);
            blobs.put(Samples.content(4, length));
            assertThat(blobs.verifier().check(blob)).isEqualTo(BlobState.WHOLE);
            settle(blob);
        }
    }

    @Test
    void aFlippedBitWithARestoredTimeIsSeenToo() throws IOException {
        Blob blob = blobs.put(Samples.content(5, LARGE));
        settle(blob);
        FileTime before = Files.getLastModifiedTime(blobs.path(blob));
        flip(blobs.path(blob), 77);
        Files.setLastModifiedTime(blobs.path(blob), before);
        assertThat(blobs.verifier().check(blob)).isEqualTo(BlobState.WRONG_DIGEST);
    }

    @Test
    void truncationAndAbsenceAreSeen() throws IOException {
        Blob blob = blobs.put(Samples.content(6, 5000));
        try (var file = new RandomAccessFile(blobs.path(blob).toFile(), "rw")) {
            file.setLength(4999);
        }
        assertThat(blobs.contains(blob)).isFalse();
        assertThat(blobs.verifier().check(blob)).isEqualTo(BlobState.WRONG_LENGTH);
        assertThatThrownBy(() -> blobs.read(blob)).isInstanceOf(IOException.class)
                .hasMessageContaining("4999");
        assertThatThrownBy(() -> blobs.map(blob, Arena.ofAuto())).isInstanceOf(IOException.class);
        Files.delete(blobs.path(blob));
        assertThat(blobs.verifier().check(blob)).isEqualTo(BlobState.MISSING);
    }

    @Test
    void theBackgroundCheckReportsWhatHasGoneBad() throws Exception {
        Blob good = blobs.put(Samples.content(7, LARGE));
        Blob bad = blobs.put(Samples.content(8, LARGE));
        settle(good);
        flip(blobs.path(bad), 12345);
        Thread.sleep(2);
        var found = new ConcurrentLinkedQueue<Blob>();
        Thread check = blobs.verifier().recheck(List.of(good, bad), (blob, state) -> found.add(blob))
                .orElseThrow();
        check.join();
        assertThat(found).containsExactly(bad);
    }

    @Test
    void nothingIsRecheckedBeforeItsTime() throws IOException {
        try (var patient = CacheHome.open(new CacheSettings(folder.resolve("other"), CacheMode.WRITE))) {
            Blob blob = patient.blobs().put(Samples.content(9, 100));
            assertThat(patient.blobs().verifier().recheck(List.of(blob), (b, state) -> { })).isEmpty();
        }
    }

    /** Waits until stamps are written, so that the next check believes them. */
    private void settle(Blob blob) throws IOException {
        blobs.verifier().remember(blob);
        home.records().write(List.of()).join();
    }

    private static void flip(Path path, long at) throws IOException {
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(at);
            int old = file.read();
            file.seek(at);
            file.write(old ^ 4);
        }
    }
}
