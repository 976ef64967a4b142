package dev.kiln.cache;

import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import dev.kiln.cache.store.StoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionException;

/**
 * Keeps the most recently used entries that fit, and what they need. Blobs are written before their record,
 * so a blob that no record names is left alone for a while: its compile may be about to store it.
 */
final class Pruning {
    private static final Duration GRACE = Duration.ofHours(1);

    private final CacheHome home;
    private final Maintenance maintenance;
    private final List<Change> changes = new ArrayList<>();
    private final Set<String> keptBlobs = new HashSet<>();
    private final Set<String> evictedBlobs = new HashSet<>();
    private long keptBytes;
    private long freedBytes;
    private long entries;

    Pruning(CacheHome home) {
        this.home = home;
        maintenance = new Maintenance(home);
    }

    /** @param used time of last use, milliseconds since the epoch; zero if unknown */
    private record Candidate(Kind kind, byte[] key, long used, long bytes, List<Blob> blobs) {
    }

    PruneReport run(long maxBytes, Duration maxAge) {
        if (!home.mode().writes()) {
            return new PruneReport(0, 0, 0, 0, 0);
        }
        long oldest = System.currentTimeMillis() - maxAge.toMillis();
        try {
            var candidates = candidates();
            candidates.sort(Comparator.comparingLong(Candidate::used).reversed());
            boolean full = false;
            for (Candidate candidate : candidates) {
                full |= keptBytes + added(candidate) > maxBytes;
                if (full || candidate.used() < oldest) {
                    evict(candidate);
                } else {
                    keep(candidate);
                }
            }
            home.records().write(changes).join();
        } catch (StoreException e) {
            home.trouble(e);
            return new PruneReport(0, 0, 0, 0, keptBytes);
        } catch (CompletionException e) {
            Reports.warn("nothing is pruned: " + e.getCause().getMessage());
            return new PruneReport(0, 0, 0, 0, keptBytes);
        }
        long blobs = sweepBlobs();
        return new PruneReport(entries, blobs, sweepFiles(oldest), freedBytes, keptBytes);
    }

    private List<Candidate> candidates() {
        var found = new ArrayList<Candidate>();
        home.records().forEach(Kind.ARTIFACT, new byte[0], (key, value) ->
                found.add(new Candidate(Kind.ARTIFACT, key, 0, value.length, blobs(value))));
        home.records().forEach(Kind.AOT, new byte[0], (key, value) ->
                found.add(new Candidate(Kind.AOT, key, 0, value.length, List.of())));
        found.replaceAll(c -> new Candidate(c.kind(), c.key(), used(c.key()), c.bytes(), c.blobs()));
        return found;
    }

    private long used(byte[] key) {
        return home.records().get(Kind.ACCESS, key).filter(value -> value.length == Long.BYTES)
                .map(value -> ByteBuffer.wrap(value).getLong()).orElse(0L);
    }

    /** An entry that does not decode needs nothing; it goes when its turn comes. */
    private static List<Blob> blobs(byte[] value) {
        try {
            var graph = GraphSerializers.CODEC.decode(value);
            var blobs = new ArrayList<>(graph.requiredBlobs());
            blobs.add(graph.code().sources());
            return blobs;
        } catch (CorruptEntryException e) {
            return List.of();
        }
    }

    private long added(Candidate candidate) {
        return candidate.bytes() + candidate.blobs().stream()
                .filter(blob -> !keptBlobs.contains(blob.digest()))
                .mapToLong(Blob::bytes).sum();
    }

    private void keep(Candidate candidate) {
        keptBytes += added(candidate);
        candidate.blobs().forEach(blob -> keptBlobs.add(blob.digest()));
    }

    private void evict(Candidate candidate) {
        entries++;
        freedBytes += candidate.bytes();
        candidate.blobs().forEach(blob -> evictedBlobs.add(blob.digest()));
        for (Kind kind : List.of(candidate.kind(), Kind.COMPONENTS, Kind.ACCESS)) {
            changes.add(Change.delete(kind, candidate.key()));
        }
    }

    private long sweepBlobs() {
        long removed = 0;
        long recent = System.currentTimeMillis() - GRACE.toMillis();
        var stamps = new ArrayList<Change>();
        for (Map.Entry<String, Long> file : maintenance.blobs().entrySet()) {
            var blob = new Blob(file.getKey(), file.getValue());
            Path path = home.blobs().path(blob);
            boolean wanted = keptBlobs.contains(blob.digest())
                    || !evictedBlobs.contains(blob.digest()) && modified(path) > recent;
            if (!wanted && Maintenance.delete(path)) {
                removed++;
                freedBytes += blob.bytes();
                stamps.add(Change.delete(Kind.STAMP, BlobVerifier.key(blob)));
            }
        }
        home.records().write(stamps);
        return removed;
    }

    /** Temporary files of processes that died, and quarantined entries past the age limit. */
    private long sweepFiles(long oldest) {
        long removed = 0;
        long recent = System.currentTimeMillis() - GRACE.toMillis();
        for (Path file : Maintenance.files(home.blobs().root().resolve("tmp"))) {
            removed += modified(file) < recent && Maintenance.delete(file) ? 1 : 0;
        }
        for (Path file : Maintenance.files(home.quarantine())) {
            removed += modified(file) < oldest && Maintenance.delete(file) ? 1 : 0;
        }
        return removed;
    }

    private static long modified(Path file) {
        try {
            return Files.getLastModifiedTime(file).toMillis();
        } catch (IOException e) {
            return Long.MAX_VALUE;
        }
    }
}
