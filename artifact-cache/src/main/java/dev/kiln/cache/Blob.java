package dev.kiln.cache;

import java.util.Objects;

/**
 * Names a content-addressed file by what it holds.
 *
 * @param digest {@link ContentDigest} of the content, 64 lower-case hexadecimal digits
 * @param bytes length of the content
 */
public record Blob(String digest, long bytes) {
    public Blob {
        Objects.requireNonNull(digest, "digest");
        if (!isDigest(digest)) {
            throw new IllegalArgumentException("a blob digest is 64 lower-case hexadecimal digits, not '"
                    + digest + "'");
        }
        if (bytes < 0) {
            throw new IllegalArgumentException("a blob has no negative length: " + bytes);
        }
    }

    /** By hand: what a record generates for itself is linked on first use, which takes a cold JVM 30 ms. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Blob that && bytes == that.bytes && digest.equals(that.digest);
    }

    @Override
    public int hashCode() {
        return digest.hashCode();
    }

    static boolean isDigest(String text) {
        if (text.length() != 64) {
            return false;
        }
        for (int i = 0; i < 64; i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
                return false;
            }
        }
        return true;
    }
}
