package dev.kiln.cache;

import dev.kiln.cache.codec.Envelope;
import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import dev.kiln.cache.store.StoreException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;

/**
 * The variants of an entry: artifacts of the same model that serve sizes which the entry's own guards do not admit.
 * Looked at only when those guards fail, so a warm start does not pay for it. A record a variant: processes that add
 * at the same time lose nothing.
 */
public final class VariantIndex {
    private static final int SCHEMA = 1;
    private static final int MAX_RECORD = 1 << 10;

    private final CacheHome home;

    VariantIndex(CacheHome home) {
        this.home = home;
    }

    /** Keys of the variants of an artifact. */
    public List<CacheKey> of(CacheKey artifact) {
        var variants = new ArrayList<CacheKey>();
        if (home.mode().reads()) {
            try {
                home.records().forEach(Kind.VARIANT, prefix(artifact), (key, value) -> add(value, variants));
            } catch (StoreException e) {
                home.trouble(e);
            }
        }
        return variants;
    }

    private boolean add(byte[] sealed, List<CacheKey> variants) {
        try {
            variants.add(new CacheKey(Keys.text(Envelope.open(SCHEMA, MAX_RECORD, sealed))));
        } catch (CorruptEntryException | RuntimeException e) {
            home.metrics().increment("variant.corrupt");
            Reports.warn("a record of a variant is not used: " + e.getMessage());
        }
        return true;
    }

    /** Remembers a variant; durable when this returns. */
    public void put(CacheKey artifact, CacheKey variant) {
        write(Change.put(Kind.VARIANT, key(artifact, variant), Envelope.seal(SCHEMA, Keys.bytes(variant))));
    }

    /** Forgets a variant that is missing or damaged. */
    public void remove(CacheKey artifact, CacheKey variant) {
        home.refuse(Kind.VARIANT, key(artifact, variant));
        write(Change.delete(Kind.VARIANT, key(artifact, variant)));
    }

    private static byte[] prefix(CacheKey artifact) {
        return (artifact.text() + ':').getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] key(CacheKey artifact, CacheKey variant) {
        return (artifact.text() + ':' + variant.text()).getBytes(StandardCharsets.US_ASCII);
    }

    private void write(Change change) {
        if (!home.mode().writes()) {
            return;
        }
        try {
            home.records().write(List.of(change)).join();
        } catch (CompletionException e) {
            home.metrics().increment("variant.failed");
            Reports.warn("a variant is not remembered: " + e.getCause().getMessage());
        }
    }
}
