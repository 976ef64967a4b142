package dev.kiln.cache;

import java.util.Objects;

/**
 * Name of one entry: a two-letter domain ({@code kg} a compiled graph, {@code ka} an AOT entry, {@code kt} a
 * tuning record, {@code kr} a request, {@code ke} an op) followed by a SHA-256 in 52 characters of lower-case base32. Safe as a
 * file name.
 */
public record CacheKey(String text) implements Comparable<CacheKey> {
    private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";
    private static final int HASH_CHARS = 52;

    public CacheKey {
        Objects.requireNonNull(text, "text");
        if (!isKey(text)) {
            throw new IllegalArgumentException("not a cache key: '" + text + "'; expected two letters, "
                    + "the first a k, and " + HASH_CHARS + " characters of a-z2-7");
        }
    }

    /** The two letters that tell what the key names. */
    public String domain() {
        return text.substring(0, 2);
    }

    @Override
    public int compareTo(CacheKey other) {
        return text.compareTo(other.text);
    }

    /** By hand: what a record generates for itself is linked on first use, which takes a cold JVM 30 ms. */
    @Override
    public boolean equals(Object other) {
        return other instanceof CacheKey that && text.equals(that.text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return text;
    }

    static CacheKey of(String domain, byte[] sha256) {
        var out = new StringBuilder(2 + HASH_CHARS).append(domain);
        int buffer = 0;
        int bits = 0;
        for (byte b : sha256) {
            buffer = (buffer << 8 | b & 0xff) & 0xfff;
            bits += 8;
            while (bits >= 5) {
                bits -= 5;
                out.append(ALPHABET.charAt(buffer >>> bits & 31));
            }
        }
        out.append(ALPHABET.charAt(buffer << 5 - bits & 31));
        return new CacheKey(out.toString());
    }

    private static boolean isKey(String text) {
        if (text.length() != 2 + HASH_CHARS || text.charAt(0) != 'k') {
            return false;
        }
        for (int i = 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < 'a' || c > 'z') && (c < '2' || c > '7' || i == 1)) {
                return false;
            }
        }
        return true;
    }
}
