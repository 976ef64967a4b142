package dev.kiln.cache.aot;

import dev.kiln.cache.CacheMetrics;
import dev.kiln.cache.CompiledGraph;
import java.util.Optional;

/** What a lookup found. Everything but a {@link Hit} means: trace, split, compile, then put. */
public sealed interface AotLookup {

    /** Adds this result to the counters. */
    void count(CacheMetrics metrics);

    /**
     * The entry and every graph it names are whole.
     *
     * @param backward present exactly when the entry has a backward graph
     */
    record Hit(AotEntry entry, CompiledGraph forward, Optional<CompiledGraph> backward) implements AotLookup {
        @Override
        public void count(CacheMetrics metrics) {
            metrics.increment("aot.hit");
            metrics.add("aot.saved.nanos", entry.compileNanos());
        }
    }

    /** @param reason short, fit for a metric tag */
    record Miss(String reason, String detail) implements AotLookup {
        @Override
        public void count(CacheMetrics metrics) {
            metrics.increment("aot.miss");
            metrics.increment("aot.miss." + reason);
        }
    }

    /** The entry, or a graph it names, is damaged; it has been quarantined and the next put replaces it. */
    record Corrupt(String reason, String detail) implements AotLookup {
        @Override
        public void count(CacheMetrics metrics) {
            metrics.increment("aot.corrupt");
            metrics.increment("aot.corrupt." + reason);
        }
    }
}
