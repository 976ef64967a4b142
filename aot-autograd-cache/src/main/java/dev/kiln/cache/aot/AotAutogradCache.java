package dev.kiln.cache.aot;

import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.CacheLookup;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.EntryStore;
import dev.kiln.cache.EntryStore.Absent;
import dev.kiln.cache.EntryStore.Damaged;
import dev.kiln.cache.EntryStore.Whole;
import dev.kiln.cache.KeyComponents;
import dev.kiln.cache.aot.AotLookup.Corrupt;
import dev.kiln.cache.aot.AotLookup.Hit;
import dev.kiln.cache.aot.AotLookup.Miss;
import dev.kiln.cache.store.Kind;
import java.util.Optional;

/**
 * AOT entries by key, in the same record file as the graphs they name. An entry is a hit only if all its
 * graphs load, forward and backward: a half hit would make post-compile decide for one graph what does not
 * hold for the other. Never fatal, safe for use by many threads.
 */
public final class AotAutogradCache {
    private final CacheHome home;
    private final EntryStore<AotEntry> entries;

    public AotAutogradCache(CacheHome home) {
        this.home = home;
        entries = new EntryStore<>(home, Kind.AOT, AotSerializers.CODEC, AotEntry::key);
    }

    /**
     * Finds an entry and its graphs.
     *
     * @param training whether a backward graph will be asked for: a partial entry is then a miss
     */
    public AotLookup lookup(CacheKey key, boolean training) {
        AotLookup found = find(key, training);
        found.count(home.metrics());
        return found;
    }

    /**
     * As {@link #lookup}, without counting: for those who then decide whether what was found serves them. No pattern
     * switch: a cold JVM spends 20 ms linking one.
     */
    public AotLookup find(CacheKey key, boolean training) {
        var found = entries.read(key);
        if (found instanceof Absent<AotEntry> absent) {
            return new Miss(absent.reason().text(), absent.detail());
        }
        if (found instanceof Damaged<AotEntry> damaged) {
            return new Corrupt(damaged.reason().name(), damaged.detail());
        }
        AotEntry entry = ((Whole<AotEntry>) found).entry();
        if (training && entry.partial()) {
            return new Miss("partial entry", "the backward graph of " + key + " was never compiled");
        }
        return withGraphs(entry);
    }

    private AotLookup withGraphs(AotEntry entry) {
        CacheLookup forward = home.artifacts().lookup(entry.forward());
        if (!(forward instanceof CacheLookup.Hit whole)) {
            return without("forward", forward);
        }
        Optional<CompiledGraph> backward = Optional.empty();
        if (entry.backward().isPresent()) {
            CacheLookup other = home.artifacts().lookup(entry.backward().get());
            if (!(other instanceof CacheLookup.Hit hit)) {
                return without("backward", other);
            }
            backward = Optional.of(hit.graph());
        }
        entries.touch(entry.key());
        return new Hit(entry, whole.graph(), backward);
    }

    private static AotLookup without(String which, CacheLookup found) {
        return found instanceof CacheLookup.Corrupt bad
                ? new Corrupt(bad.reason().name(), which + " graph: " + bad.detail())
                : new Miss("graph missing", which + " graph: " + ((CacheLookup.Miss) found).detail());
    }

    /**
     * Stores an entry whose graphs are already in the artifact cache; replaces an older one.
     *
     * @return whether it was stored; false also when the mode forbids it
     * @throws IllegalArgumentException if the entry's key is not the key of the components
     */
    public boolean put(AotEntry entry, KeyComponents components) {
        if (!components.key().equals(entry.key())) {
            throw new IllegalArgumentException("the entry has key " + entry.key() + ", its components "
                    + components.key());
        }
        return entries.write(entry.key(), entry, components);
    }

    /** Takes an entry out of use; its graphs stay. */
    public void quarantine(CacheKey key, String reason) {
        entries.quarantine(key, reason);
    }
}
