package dev.kiln.cache;

import dev.kiln.cache.CacheLookup.Corrupt;
import dev.kiln.cache.CacheLookup.Hit;
import dev.kiln.cache.CacheLookup.Miss;
import dev.kiln.cache.CacheLookup.MissReason;
import dev.kiln.cache.CorruptEntryException.Reason;
import dev.kiln.cache.EntryStore.Absent;
import dev.kiln.cache.EntryStore.Damaged;
import dev.kiln.cache.EntryStore.Found;
import dev.kiln.cache.EntryStore.Whole;
import dev.kiln.cache.store.Kind;
import dev.kiln.cache.store.StoreException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The artifact cache of one directory. */
final class LocalArtifactCache implements ArtifactCache {
    private final CacheHome home;
    private final EntryStore<CompiledGraph> entries;

    LocalArtifactCache(CacheHome home) {
        this.home = home;
        entries = new EntryStore<>(home, Kind.ARTIFACT, GraphSerializers.CODEC, CompiledGraph::key);
    }

    @Override
    public CacheLookup lookup(CacheKey key) {
        CacheLookup found = find(key);
        found.count(home.metrics());
        return found;
    }

    /** No pattern switch: a cold JVM spends 20 ms linking one. */
    private CacheLookup find(CacheKey key) {
        Found<CompiledGraph> found = entries.read(key);
        if (found instanceof Whole<CompiledGraph> whole) {
            return withBlobs(whole.entry(), whole.bytes());
        }
        if (found instanceof Absent<CompiledGraph> absent) {
            return new Miss(absent.reason(), absent.detail());
        }
        var damaged = (Damaged<CompiledGraph>) found;
        return new Corrupt(damaged.reason(), damaged.detail());
    }

    private CacheLookup withBlobs(CompiledGraph graph, long bytes) {
        for (Blob blob : graph.requiredBlobs()) {
            BlobState state;
            try {
                state = home.blobs().verifier().check(blob);
            } catch (IOException e) {
                return new Miss(MissReason.STORE_UNAVAILABLE, "blob " + blob.digest() + ": "
                        + e.getMessage());
            }
            if (state == BlobState.MISSING && home.obtain(blob)) {
                continue;
            }
            if (state == BlobState.MISSING) {
                return new Miss(MissReason.BLOB_MISSING, "blob " + blob.digest() + " is not there");
            }
            if (state != BlobState.WHOLE) {
                return bad(graph.key(), blob, state);
            }
        }
        entries.touch(graph.key());
        home.blobs().verifier().recheck(graph.requiredBlobs(),
                (blob, state) -> bad(graph.key(), blob, state));
        return new Hit(graph, bytes);
    }

    private Corrupt bad(CacheKey key, Blob blob, BlobState state) {
        var detail = "blob " + blob.digest() + (state == BlobState.WRONG_LENGTH
                ? " does not have its " + blob.bytes() + " bytes" : " does not match its digest");
        try {
            if (home.mode().writes()) {
                home.blobs().quarantine(blob);
            }
        } catch (IOException e) {
            Reports.warn("the bad blob could not be moved aside: " + e.getMessage());
        }
        entries.quarantine(key, detail);
        return new Corrupt(state == BlobState.WRONG_LENGTH ? Reason.BLOB_LENGTH : Reason.BLOB_DIGEST, detail);
    }

    @Override
    public boolean put(CompiledGraph graph, KeyComponents components) {
        if (!components.key().equals(graph.key())) {
            throw new IllegalArgumentException("the graph has key " + graph.key() + ", its components "
                    + components.key());
        }
        for (Blob blob : graph.requiredBlobs()) {
            if (!home.blobs().contains(blob)) {
                home.metrics().increment("put.failed");
                Reports.warn("entry " + graph.key() + " is not stored: blob " + blob.digest()
                        + " is not there");
                return false;
            }
        }
        home.share(graph.blobs());
        return entries.write(graph.key(), graph, components);
    }

    @Override
    public MissExplanation explainMiss(KeyComponents components) {
        var search = new NearestEntry(components);
        try {
            home.records().forEach(Kind.COMPONENTS, Keys.bytes(components.domain()), search::visit);
        } catch (StoreException e) {
            home.trouble(e);
            return new MissExplanation(Optional.empty(), List.of());
        }
        return search.result();
    }

    @Override
    public void quarantine(CacheKey key, String reason) {
        entries.quarantine(key, reason);
    }

    @Override
    public CacheStats stats() {
        return new Maintenance(home).stats();
    }

    @Override
    public VerifyReport verify(boolean remove) {
        return new Verification(home, remove && home.mode().writes()).run();
    }

    @Override
    public PruneReport prune(long maxBytes, Duration maxAge) {
        return new Pruning(home).run(maxBytes, maxAge);
    }

    @Override
    public CacheMetrics metrics() {
        return home.metrics();
    }
}
