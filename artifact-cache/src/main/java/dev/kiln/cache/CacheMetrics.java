package dev.kiln.cache;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Counters of one cache in one process. Names are stable and fit for metric tags. */
public final class CacheMetrics {
    private final Map<String, AtomicLong> counters = new ConcurrentHashMap<>();

    /** Adds to a counter; a name may carry a reason after a dot, as in {@code miss.no entry}. */
    public void add(String name, long amount) {
        var counter = counters.get(name);
        if (counter == null) {
            counter = counters.computeIfAbsent(name, n -> new AtomicLong());
        }
        counter.addAndGet(amount);
    }

    public void increment(String name) {
        add(name, 1);
    }

    /** Value of one counter, zero if it was never touched. */
    public long get(String name) {
        var counter = counters.get(name);
        return counter == null ? 0 : counter.get();
    }

    public SortedMap<String, Long> snapshot() {
        var all = new TreeMap<String, Long>();
        counters.forEach((name, value) -> all.put(name, value.get()));
        return all;
    }
}
