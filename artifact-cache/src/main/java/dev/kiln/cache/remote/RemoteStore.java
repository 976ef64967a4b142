package dev.kiln.cache.remote;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Values by name on another machine, plain or as fields of a name. Safe for many threads; every method but {@link #close}
 * may throw a {@link RemoteStoreException}. What lies there may vanish at any time, one value without the other.
 */
public interface RemoteStore extends AutoCloseable {

    /** The value, whose time to live begins anew if this store may write. */
    Optional<byte[]> get(String name);

    void put(String name, byte[] value);

    /** Whether all of them are there; renews their time to live. */
    boolean holds(List<String> names);

    /** All fields of a name; empty if there is none. */
    Map<String, byte[]> fields(String name);

    void putField(String name, String field, byte[] value);

    /** Throws unless the store answers. */
    void ping();

    @Override
    void close();
}
