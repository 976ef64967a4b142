package dev.kiln.cache;

import java.time.Duration;

/**
 * Compiled graphs by key. Never fatal: a directory that cannot be written, a full disk or a broken store is
 * reported in the log and in {@link #metrics()}, and the compile goes on without a cache. Safe for use by
 * many threads.
 */
public interface ArtifactCache {

    /** Finds a whole, verified entry. A damaged one is reported, quarantined and treated as a miss. */
    CacheLookup lookup(CacheKey key);

    /**
     * Stores an entry whose blobs are already in the blob store, and makes it durable.
     *
     * @return whether it was stored; false also when the mode forbids it
     * @throws IllegalArgumentException if the graph's key is not the key of the components
     */
    boolean put(CompiledGraph graph, KeyComponents components);

    /** Tells which components differ from the nearest stored entry of the same domain. */
    MissExplanation explainMiss(KeyComponents components);

    /** Takes an entry out of use and keeps its bytes aside for inspection. */
    void quarantine(CacheKey key, String reason);

    /** Counts entries and bytes in the store. */
    CacheStats stats();

    /** Walks all records and blobs, re-reads every byte and reports the bad ones; removes them when asked. */
    VerifyReport verify(boolean remove);

    /**
     * Removes what was not used within {@code maxAge}, then the least recently used until {@code maxBytes}
     * hold.
     */
    PruneReport prune(long maxBytes, Duration maxAge);

    CacheMetrics metrics();
}
