package dev.kiln.cache;

/** What a lookup found. Everything but a {@link Hit} means: compile, then put. */
public sealed interface CacheLookup {

    /** Adds this result to the counters. */
    void count(CacheMetrics metrics);

    /**
     * The entry is whole: its record passed its digest and all blobs it needs to run are present and
     * verified.
     *
     * @param entryBytes size of the record in the store
     */
    record Hit(CompiledGraph graph, long entryBytes) implements CacheLookup {
        @Override
        public void count(CacheMetrics metrics) {
            metrics.increment("hit");
            metrics.add("saved.nanos", graph.history().compileNanos());
        }
    }

    /** No usable entry. */
    record Miss(MissReason reason, String detail) implements CacheLookup {
        @Override
        public void count(CacheMetrics metrics) {
            metrics.increment("miss");
            metrics.increment("miss." + reason.text());
        }
    }

    /** There was an entry but it is damaged; it has been quarantined and the next put replaces it. */
    record Corrupt(CorruptEntryException.Reason reason, String detail) implements CacheLookup {
        @Override
        public void count(CacheMetrics metrics) {
            metrics.increment("corrupt");
            metrics.increment("corrupt." + reason);
        }
    }

    /** Why a lookup missed, in words fit for a metric tag. */
    enum MissReason {
        CACHE_OFF("cache off"),
        NO_ENTRY("no entry"),
        OTHER_FORMAT("entry of another format"),
        BLOB_MISSING("blob missing"),
        STORE_UNAVAILABLE("store unavailable");

        private final String text;

        MissReason(String text) {
            this.text = text;
        }

        public String text() {
            return text;
        }
    }
}
