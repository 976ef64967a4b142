package dev.kiln.cache.store;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Small records by kind and key. Safe for many threads and many processes; every method may throw
 * {@link StoreException}.
 */
public interface RecordStore extends AutoCloseable {

    /** The value, as of the last commit. */
    Optional<byte[]> get(Kind kind, byte[] key);

    /**
     * Writes all changes or none. Waiting writers share one commit.
     *
     * @return done when the changes are durable; failed with a {@link StoreException} when they are not
     */
    CompletableFuture<Void> write(List<Change> changes);

    /** Visits records whose key begins with the prefix, in key order, until the visitor returns false. */
    void forEach(Kind kind, byte[] prefix, Visitor visitor);

    /** Number of records of a kind. */
    long count(Kind kind);

    /** Size of the record file, bytes. */
    long bytes();

    /** Writes what is queued and closes; idempotent. */
    @Override
    void close();

    /** Sees one record; keys and values are copies. */
    interface Visitor {
        boolean visit(byte[] key, byte[] value);
    }
}
