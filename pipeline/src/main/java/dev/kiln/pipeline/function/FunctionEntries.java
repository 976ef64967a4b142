package dev.kiln.pipeline.function;

import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.KeyBuilder;
import dev.kiln.cache.KeyComponents;
import dev.kiln.cache.aot.AotEntry;
import dev.kiln.cache.aot.AotLookup;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.Environment;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Entries of traced functions. The sizes that symbols had while tracing are not in the key; each entry has guards on them.
 * The first entry of a function lies under its own key, variants for sizes that it refuses under keys of their own, which
 * the variant index leads to.
 */
final class FunctionEntries {
    private final Environment environment;

    FunctionEntries(Environment environment) {
        this.environment = environment;
    }

    /**
     * What was found.
     *
     * @param key of the entry, or under which a new one is to be stored
     * @param function the function's own key
     */
    record Found(Optional<AotLookup.Hit> hit, KeyComponents key, KeyComponents function) {
    }

    /** The entry whose guards hold for the symbols' hints. */
    Found find(KeyComponents key, ShapeEnv shapes) {
        CacheHome cache = environment.cache();
        CacheMode mode = cache.mode();
        if (!mode.reads() || mode.checks()) {
            return new Found(Optional.empty(), key, key);
        }
        AotLookup first = environment.aotCache().find(key.key(), false);
        if (!(first instanceof AotLookup.Hit own)) {
            first.count(cache.metrics());
            return new Found(Optional.empty(), key, key);
        }
        if (admits(own.entry(), shapes)) {
            own.count(cache.metrics());
            return new Found(Optional.of(own), key, key);
        }
        for (CacheKey variant : cache.variants().of(key.key())) {
            if (environment.aotCache().find(variant, false) instanceof AotLookup.Hit hit && admits(hit.entry(), shapes)) {
                hit.count(cache.metrics());
                return new Found(Optional.of(hit), variant(key, hints(hit.forward())), key);
            }
        }
        cache.metrics().increment("aot.guard_miss");
        return new Found(Optional.empty(), variant(key, hints(shapes)), key);
    }

    private static boolean admits(AotEntry entry, ShapeEnv shapes) {
        Map<String, Long> values = hints(shapes);
        return entry.guards().stream().map(g -> Guard.parse(g.contains("#") ? g.substring(0, g.indexOf('#')) : g))
            .allMatch(g -> g.holds(values::get));
    }

    private static Map<String, Long> hints(ShapeEnv shapes) {
        Map<String, Long> values = new HashMap<>();
        shapes.symbols().forEach(s -> values.put(s.name(), s.hint()));
        return values;
    }

    /** Those that a variant was made for. */
    private static Map<String, Long> hints(CompiledGraph graph) {
        Map<String, Long> values = new HashMap<>();
        graph.signature().symbols().forEach(s -> values.put(s.name(), s.hint()));
        return values;
    }

    private static KeyComponents variant(KeyComponents key, Map<String, Long> hints) {
        SortedMap<String, String> hashes = new TreeMap<>(key.hashes());
        KeyBuilder own = new KeyBuilder(key.domain());
        own.component("variant.hints").map(new TreeMap<>(texts(hints))).text(key.key().text());
        hashes.putAll(own.components().hashes());
        return new KeyComponents(key.domain(), hashes);
    }

    private static Map<String, String> texts(Map<String, Long> values) {
        Map<String, String> texts = new HashMap<>();
        values.forEach((name, value) -> texts.put(name, Long.toString(value)));
        return texts;
    }

    /** Stores an entry at the place that {@link #find} gave. */
    void put(AotEntry entry, Found place) {
        if (environment.aotCache().put(entry, place.key())) {
            environment.cache().metrics().increment("aot.saved");
            if (!place.key().equals(place.function())) {
                environment.cache().variants().put(place.function().key(), place.key().key());
            }
        }
    }
}
