package dev.kiln.cache;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/**
 * Writes one blob in parts, hashing as it goes. Closing without {@link #commit()} leaves nothing behind.
 */
public final class BlobWriter implements WritableByteChannel {
    private static final long PIECE = 64L << 20;

    private final BlobStore store;
    private final Path temporary;
    private final FileChannel channel;
    private final ContentDigest.Incremental digest = new ContentDigest.Incremental();

    BlobWriter(BlobStore store, Path folder) throws IOException {
        this.store = store;
        Files.createDirectories(folder);
        temporary = folder.resolve(ProcessHandle.current().pid() + "-" + UUID.randomUUID());
        channel = FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    @Override
    public int write(ByteBuffer part) throws IOException {
        digest.update(part.duplicate());
        return writeAll(part);
    }

    /** Makes the blob durable and visible. The writer is closed. */
    public Blob commit() throws IOException {
        Blob blob = digest.finish();
        commit(blob);
        return blob;
    }

    /**
     * As {@link #commit()}, if what was written is the blob that was expected.
     *
     * @return whether it was; else nothing is kept
     */
    public boolean commitAs(Blob expected) throws IOException {
        boolean right = digest.finish().equals(expected);
        if (right) {
            commit(expected);
        }
        return right;
    }

    @Override
    public boolean isOpen() {
        return channel.isOpen();
    }

    @Override
    public void close() throws IOException {
        channel.close();
        Files.deleteIfExists(temporary);
    }

    /** Writes content whose digest is known already. */
    void write(MemorySegment content) throws IOException {
        for (long from = 0; from < content.byteSize(); from += PIECE) {
            writeAll(content.asSlice(from, Math.min(PIECE, content.byteSize() - from)).asByteBuffer());
        }
    }

    void commit(Blob blob) throws IOException {
        channel.force(true);
        channel.close();
        store.adopt(temporary, blob);
    }

    private int writeAll(ByteBuffer part) throws IOException {
        int size = part.remaining();
        while (part.hasRemaining()) {
            channel.write(part);
        }
        return size;
    }
}
