package dev.kiln.cache.store;

import java.nio.file.Path;
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

    /**
     * Walks the whole file and checks its structure; throws a {@link StoreException} that says what is wrong.
     */
    void check();

    /**
     * Moves a damaged file to the given folder and starts with an empty one. Does nothing if the file is
     * whole, since another process may have been faster.
     *
     * @return done when the store can be used again
     */
    CompletableFuture<Void> recover(Path quarantine);

    /** Writes what is queued and closes; idempotent. */
    @Override
    void close();

    /** Sees one record; keys and values are copies. */
    interface Visitor {
        boolean visit(byte[] key, byte[] value);
    }
}
