package dev.kiln.cache;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Consumer;

/**
 * Content-addressed files: {@code blobs/ab/cdef...}, named by {@link ContentDigest}. A file appears whole or
 * not at all: it is written under a unique name in {@code tmp/}, flushed to disk and renamed. Safe for many
 * threads and processes.
 *
 * <p>With two layers, files are written to the first and found in both; so a read-only cache still has
 * somewhere to put what a compile makes.
 */
public final class BlobStore {
    private final List<Path> layers;
    private final BlobVerifier verifier;

    /** @param layers folders that hold {@code blobs/} and {@code tmp/}; the first is written to */
    BlobStore(List<Path> layers, VerifierSettings settings) {
        this.layers = List.copyOf(layers);
        verifier = new BlobVerifier(this, settings);
    }

    /** Checks blobs, and remembers which were checked. */
    public BlobVerifier verifier() {
        return verifier;
    }

    public Blob put(byte[] content) throws IOException {
        return put(MemorySegment.ofArray(content));
    }

    public Blob put(ByteBuffer content) throws IOException {
        return put(MemorySegment.ofBuffer(content));
    }

    /**
     * Stores the content durably. A whole file of the same content is left as it is, a damaged one is
     * replaced.
     */
    public Blob put(MemorySegment content) throws IOException {
        Blob blob = ContentDigest.of(content);
        if (verifier.check(blob) != BlobState.WHOLE) {
            try (BlobWriter writer = newWriter()) {
                writer.write(content);
                writer.commit(blob);
            }
        }
        return blob;
    }

    /** Stores content that arrives in parts; see {@link BlobWriter}. */
    public BlobWriter newWriter() throws IOException {
        return new BlobWriter(this, layers.getFirst().resolve("tmp"));
    }

    /** Where the blob lies, or would lie. */
    public Path path(Blob blob) {
        for (Path layer : layers) {
            Path path = path(layer, blob.digest());
            if (Files.exists(path)) {
                return path;
            }
        }
        return path(layers.getFirst(), blob.digest());
    }

    /** Whether there is a file of the right length. Its content is not read. */
    public boolean contains(Blob blob) {
        try {
            return Files.size(path(blob)) == blob.bytes();
        } catch (IOException e) {
            return false;
        }
    }

    public byte[] read(Blob blob) throws IOException {
        byte[] content = Files.readAllBytes(path(blob));
        checkLength(blob, content.length);
        return content;
    }

    /** Maps the content read-only, for as long as the arena lives. */
    public MemorySegment map(Blob blob, Arena arena) throws IOException {
        try (var channel = FileChannel.open(path(blob), StandardOpenOption.READ)) {
            checkLength(blob, channel.size());
            return channel.map(MapMode.READ_ONLY, 0, blob.bytes(), arena).asReadOnly();
        }
    }

    /** Sees every file of the layer that is written to. */
    void forEach(Consumer<Path> visitor) throws IOException {
        Path root = layers.getFirst().resolve("blobs");
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(root)) {
            for (Path folder : folders) {
                try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                    files.forEach(visitor);
                }
            }
        } catch (NoSuchFileException e) {
            return;
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** The digest a blob file is named after. */
    static String digest(Path file) {
        return file.getParent().getFileName().toString() + file.getFileName();
    }

    /** Moves a finished temporary file to its place. */
    void adopt(Path temporary, Blob blob) throws IOException {
        Path target = path(layers.getFirst(), blob.digest());
        Files.createDirectories(target.getParent());
        Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        verifier.remember(blob);
    }

    /** Takes a bad file out of use; it is kept in {@code quarantine/}. */
    void quarantine(Blob blob) throws IOException {
        Path bad = path(layers.getFirst(), blob.digest());
        if (Files.exists(bad)) {
            Path folder = Files.createDirectories(layers.getFirst().resolve("quarantine"));
            Files.move(bad, folder.resolve("blob-" + blob.digest()), StandardCopyOption.REPLACE_EXISTING);
        }
    }

    Path root() {
        return layers.getFirst();
    }

    private static Path path(Path layer, String digest) {
        return layer.resolve("blobs").resolve(digest.substring(0, 2)).resolve(digest.substring(2));
    }

    private static void checkLength(Blob blob, long found) throws IOException {
        if (found != blob.bytes()) {
            throw new IOException("blob " + blob.digest() + " has " + found + " bytes, not " + blob.bytes());
        }
    }
}
