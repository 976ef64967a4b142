package dev.kiln.cache;

import java.nio.charset.StandardCharsets;

/** Keys of records. */
final class Keys {
    private Keys() {
    }

    static byte[] bytes(String ascii) {
        return ascii.getBytes(StandardCharsets.US_ASCII);
    }

    static byte[] bytes(CacheKey key) {
        return bytes(key.text());
    }

    static String text(byte[] key) {
        return new String(key, StandardCharsets.US_ASCII);
    }
}
