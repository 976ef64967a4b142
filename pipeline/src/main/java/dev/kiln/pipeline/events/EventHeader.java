package dev.kiln.pipeline.events;

import dev.kiln.cache.CacheKey;
import java.time.Instant;
import java.util.Optional;

/**
 * What every event carries.
 *
 * @param job id of the compile, unique in this process
 * @param key key of the compiled graph; empty until the graph has been traced
 */
public record EventHeader(String job, Optional<CacheKey> key, Instant at) {

    public static EventHeader of(String job) {
        return new EventHeader(job, Optional.empty(), Instant.now());
    }

    public static EventHeader of(String job, CacheKey key) {
        return new EventHeader(job, Optional.of(key), Instant.now());
    }

    /** The header of an event that follows, now. */
    public EventHeader next() {
        return new EventHeader(job, key, Instant.now());
    }
}
