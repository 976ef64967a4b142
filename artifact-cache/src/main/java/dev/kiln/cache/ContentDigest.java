package dev.kiln.cache;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Digest of content of any length, fast on many cores: a hash tree of two levels over chunks of 4 MiB.
 *
 * <p>A leaf is {@code SHA-256(0x00 chunk)}. Content of at most one chunk has its leaf as digest; longer
 * content has {@code SHA-256(0x01 length leaf...)}, length as a big-endian 64-bit number. The prefixes keep
 * leaves and roots apart, as in RFC 6962, section 2.1.
 */
public final class ContentDigest {
    static final int CHUNK = 4 << 20;
    private static final int PIECE = 128 << 10;
    private static final byte LEAF = 0;
    private static final byte ROOT = 1;

    private ContentDigest() {
    }

    /** Names the content; chunks are hashed in parallel on the common pool. */
    public static Blob of(MemorySegment content) {
        long length = content.byteSize();
        byte[][] leaves = new byte[chunks(length)][];
        chunkIndices(length).forEach(i -> {
            long from = (long) i * CHUNK;
            leaves[i] = leaf(content.asSlice(from, Math.min(CHUNK, length - from)));
        });
        return blob(length, List.of(leaves));
    }

    public static Blob of(byte[] content) {
        return of(MemorySegment.ofArray(content));
    }

    /**
     * Names a file by its content, read with plain reads: a file that is cut meanwhile is an error, not a
     * crash.
     */
    public static Blob of(Path file) throws IOException {
        try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long length = channel.size();
            byte[][] leaves = new byte[chunks(length)][];
            var failures = new IOException[leaves.length];
            chunkIndices(length).forEach(i -> {
                try {
                    leaves[i] = leaf(channel, (long) i * CHUNK, length);
                } catch (IOException e) {
                    failures[i] = e;
                }
            });
            for (IOException failure : failures) {
                if (failure != null) {
                    throw failure;
                }
            }
            return blob(length, List.of(leaves));
        }
    }

    private static IntStream chunkIndices(long length) {
        var indices = IntStream.range(0, chunks(length));
        return length > CHUNK ? indices.parallel() : indices;
    }

    private static int chunks(long length) {
        return Math.max(1, Math.toIntExact((length + CHUNK - 1) / CHUNK));
    }

    /** Reads in pieces that stay in the processor's cache between the copy and the hash. */
    private static byte[] leaf(FileChannel channel, long from, long length) throws IOException {
        int size = (int) Math.min(CHUNK, length - from);
        byte[] piece = new byte[Math.min(size, PIECE)];
        if (size <= PIECE) {
            read(channel, ByteBuffer.wrap(piece), from);
            return leaf(MemorySegment.ofArray(piece));
        }
        MessageDigest sha = Sha256.platform();
        sha.update(LEAF);
        for (int at = 0; at < size; at += PIECE) {
            int part = Math.min(PIECE, size - at);
            read(channel, ByteBuffer.wrap(piece, 0, part), from + at);
            sha.update(piece, 0, part);
        }
        return sha.digest();
    }

    private static void read(FileChannel channel, ByteBuffer into, long from) throws IOException {
        while (into.hasRemaining()) {
            if (channel.read(into, from + into.position()) < 0) {
                throw new IOException("the file became shorter while it was read");
            }
        }
    }

    private static byte[] leaf(MemorySegment chunk) {
        if (chunk.byteSize() < Sha256.SMALL) {
            byte[] prefixed = new byte[(int) chunk.byteSize() + 1];
            prefixed[0] = LEAF;
            MemorySegment.copy(chunk, ValueLayout.JAVA_BYTE, 0, prefixed, 1, prefixed.length - 1);
            return Sha256.of(prefixed);
        }
        MessageDigest sha = Sha256.platform();
        sha.update(LEAF);
        sha.update(chunk.asByteBuffer());
        return sha.digest();
    }

    private static Blob blob(long length, List<byte[]> leaves) {
        if (leaves.size() == 1) {
            return new Blob(HexFormat.of().formatHex(leaves.getFirst()), length);
        }
        var tree = ByteBuffer.allocate(1 + Long.BYTES + 32 * leaves.size()).put(ROOT).putLong(length);
        leaves.forEach(tree::put);
        return new Blob(Sha256.hex(tree.array()), length);
    }

    /** The same digest of content that arrives in parts. */
    static final class Incremental {
        private final List<byte[]> leaves = new ArrayList<>();
        private MessageDigest current = begin();
        private int inChunk;
        private long length;

        void update(ByteBuffer part) {
            while (part.hasRemaining()) {
                if (inChunk == CHUNK) {
                    endChunk();
                }
                int size = Math.min(part.remaining(), CHUNK - inChunk);
                current.update(part.slice(part.position(), size));
                part.position(part.position() + size);
                inChunk += size;
                length += size;
            }
        }

        Blob finish() {
            endChunk();
            return blob(length, leaves);
        }

        private void endChunk() {
            leaves.add(current.digest());
            current = begin();
            inChunk = 0;
        }

        private static MessageDigest begin() {
            MessageDigest sha = Sha256.platform();
            sha.update(LEAF);
            return sha;
        }
    }
}
