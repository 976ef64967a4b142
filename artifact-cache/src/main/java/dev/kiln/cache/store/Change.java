package dev.kiln.cache.store;

import java.util.Objects;
import java.util.Optional;

/**
 * One change of a record: a new value, or empty to delete it.
 *
 * @param key 1 to 511 bytes
 */
public record Change(Kind kind, byte[] key, Optional<byte[]> value) {
    /** LMDB's limit of a key, bytes. */
    public static final int MAX_KEY = 511;

    public Change {
        Objects.requireNonNull(kind, "kind");
        Objects.requireNonNull(value, "value");
        if (key.length == 0 || key.length > MAX_KEY) {
            throw new IllegalArgumentException("a record key has 1 to " + MAX_KEY + " bytes, not "
                    + key.length);
        }
    }

    public static Change put(Kind kind, byte[] key, byte[] value) {
        return new Change(kind, key, Optional.of(value));
    }

    public static Change delete(Kind kind, byte[] key) {
        return new Change(kind, key, Optional.empty());
    }
}
