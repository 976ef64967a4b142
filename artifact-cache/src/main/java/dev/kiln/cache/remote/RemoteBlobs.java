package dev.kiln.cache.remote;

import dev.kiln.cache.Blob;
import dev.kiln.cache.BlobStore;
import dev.kiln.cache.BlobWriter;
import dev.kiln.cache.Reports;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/** Blobs as values of at most {@link #CHUNK} bytes, so that neither side holds a model's weights in memory. */
final class RemoteBlobs {
    static final int CHUNK = 4 << 20;
    /** Larger ones stay here: no server that others need should be filled with one model's weights. */
    private static final long LARGEST = 1L << 30;
    private static final String WHAT = "blob";

    private final SealedStore store;

    RemoteBlobs(SealedStore store) {
        this.store = store;
    }

    /** Sends what is not there yet; a blob that has gone since is left out. */
    void put(Blob blob, BlobStore local) {
        List<String> names = names(blob);
        if (blob.bytes() > LARGEST || !local.contains(blob) || store.holds(names).orElse(true)) {
            return;
        }
        try (var arena = Arena.ofConfined()) {
            MemorySegment content = local.map(blob, arena);
            for (int i = 0; i < names.size(); i++) {
                long from = (long) i * CHUNK;
                MemorySegment chunk = content.asSlice(from, Math.min(CHUNK, blob.bytes() - from));
                if (!store.put(WHAT, names.get(i), chunk.toArray(ValueLayout.JAVA_BYTE))) {
                    return;
                }
            }
        } catch (IOException e) {
            Reports.warn("blob " + blob.digest() + " is not sent to the remote cache: " + e.getMessage());
        }
    }

    /** Brings a blob here; it is kept only if it has its digest. */
    boolean fetch(Blob blob, BlobStore local) {
        try (BlobWriter writer = local.newWriter()) {
            for (String name : names(blob)) {
                Optional<byte[]> chunk = store.get(WHAT, name, CHUNK);
                if (chunk.isEmpty()) {
                    return false;
                }
                writer.write(ByteBuffer.wrap(chunk.get()));
            }
            return writer.commitAs(blob);
        } catch (IOException e) {
            Reports.warn("blob " + blob.digest() + " cannot be kept: " + e.getMessage());
            return false;
        }
    }

    private static List<String> names(Blob blob) {
        long chunks = Math.max(1, (blob.bytes() + CHUNK - 1) / CHUNK);
        return LongStream.range(0, chunks).mapToObj(i -> "blob:" + blob.digest() + ':' + i).toList();
    }
}
