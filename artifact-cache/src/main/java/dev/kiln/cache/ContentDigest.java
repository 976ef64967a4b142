package dev.kiln.cache;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.stream.IntStream;

/**
 * Digest of content of any length, fast on many cores: a hash tree of two levels over chunks of 4 MiB.
 *
 * <p>A leaf is {@code SHA-256(0x00 chunk)}. Content of at most one chunk has its leaf as digest; longer content has
 * {@code SHA-256(0x01 length leaf...)}, length as a big-endian 64-bit number. The prefixes keep leaves and roots
 * apart, as in RFC 6962, section 2.1.
 */
public final class ContentDigest {
    static final int CHUNK = 4 << 20;
    private static final byte LEAF = 0;
    private static final byte ROOT = 1;

    private ContentDigest() {
    }

    /** Names the content; chunks are hashed in parallel on the common pool. */
    public static Blob of(MemorySegment content) {
        long length = content.byteSize();
        if (length <= CHUNK) {
            return new Blob(HexFormat.of().formatHex(leaf(content)), length);
        }
        int chunks = Math.toIntExact((length + CHUNK - 1) / CHUNK);
        byte[][] leaves = new byte[chunks][];
        IntStream.range(0, chunks).parallel().forEach(i -> {
            long from = (long) i * CHUNK;
            leaves[i] = leaf(content.asSlice(from, Math.min(CHUNK, length - from)));
        });
        return root(length, leaves);
    }

    public static Blob of(byte[] content) {
        return of(MemorySegment.ofArray(content));
    }

    private static byte[] leaf(MemorySegment chunk) {
        MessageDigest sha = Sha256.platform();
        sha.update(LEAF);
        sha.update(chunk.asByteBuffer());
        return sha.digest();
    }

    private static Blob root(long length, byte[][] leaves) {
        MessageDigest sha = Sha256.platform();
        sha.update(ROOT);
        sha.update(ByteBuffer.allocate(Long.BYTES).putLong(length).flip());
        for (byte[] leaf : leaves) {
            sha.update(leaf);
        }
        return new Blob(HexFormat.of().formatHex(sha.digest()), length);
    }
}
