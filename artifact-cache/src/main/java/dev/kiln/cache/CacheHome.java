package dev.kiln.cache;

import dev.kiln.cache.remote.RemoteCache;
import dev.kiln.cache.remote.SharedRecords;
import dev.kiln.cache.store.EmptyStore;
import dev.kiln.cache.store.Kind;
import dev.kiln.cache.store.LmdbStore;
import dev.kiln.cache.store.RecordStore;
import dev.kiln.cache.store.StoreException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.LongConsumer;

/**
 * An open cache directory, and everything that lives in it. Opening never fails: what cannot be used is
 * reported, and the cache then holds less or nothing. Keep one open for as long as the process compiles;
 * close it to write what is queued.
 *
 * <p>With a remote cache behind it, what is missing here is brought from there, and what is stored here is sent there.
 *
 * <p>Layout: {@code data.mdb} and {@code lock.mdb} (records), {@code blobs/}, {@code tmp/}
 * (also LMDB's C library while a process writes), {@code quarantine/}.
 */
public final class CacheHome implements AutoCloseable {
    private final CacheSettings settings;
    private final CacheMode mode;
    private final RecordStore records;
    private final Optional<RemoteCache> remote;
    private final BlobStore blobs;
    private final Path scratch;
    private final CacheMetrics metrics = new CacheMetrics();
    private final ArtifactCache artifacts;
    private final SourceIndex sources;
    private final TuningStore tuning;
    private final EagerIndex eager;
    private final VariantIndex variants;

    private CacheHome(CacheSettings settings) {
        this.settings = settings;
        Path folder = settings.directory();
        mode = CacheFolder.prepare(folder, settings.mode());
        remote = mode.reads() ? settings.remote().map(there -> RemoteCache.open(there, metrics)) : Optional.empty();
        RecordStore local = mode.reads() ? LmdbStore.open(folder, folder.resolve("tmp")) : new EmptyStore();
        records = remote.isPresent() ? new SharedRecords(local, remote.get(), mode.writes()) : local;
        scratch = mode.writes() ? null : scratch();
        var verifier = new VerifierSettings(records, mode.writes(), settings.verifyLevel() >= 2,
                settings.recheckAfter());
        blobs = new BlobStore(mode.writes() ? List.of(folder) : List.of(scratch, folder), verifier);
        artifacts = new LocalArtifactCache(this);
        sources = new SourceIndex(this);
        tuning = new TuningStore(this);
        eager = new EagerIndex(this);
        variants = new VariantIndex(this);
    }

    public static CacheHome open(CacheSettings settings) {
        return new CacheHome(settings);
    }

    public CacheSettings settings() {
        return settings;
    }

    /** The mode in effect, which is less than the wanted one when the directory does not allow more. */
    public CacheMode mode() {
        return mode;
    }

    /** In modes that do not write, blobs go to a scratch folder that {@link #close} removes. */
    public BlobStore blobs() {
        return blobs;
    }

    public RecordStore records() {
        return records;
    }

    /** The cache that this one shares with other machines. */
    public Optional<RemoteCache> remote() {
        return remote;
    }

    /** Whether a blob is here, or could be brought from the remote cache. */
    public boolean obtain(Blob blob) {
        return blobs.contains(blob) || remote.isPresent() && remote.get().fetch(blob, blobs);
    }

    /**
     * Sends all that lies here to the remote cache, but what is there already.
     *
     * @param progress told how many records were looked at, now and then
     * @throws IllegalStateException if there is no remote cache, or nothing may be sent to it
     */
    public PushReport push(LongConsumer progress) {
        if (!(records instanceof SharedRecords shared) || !settings.remote().orElseThrow().writes()) {
            throw new IllegalStateException("there is no remote cache that may be written to");
        }
        return new Push(this, shared, remote.orElseThrow(), progress).run();
    }

    /** Sends blobs to the remote cache, if there is one, in the background. */
    void share(List<Blob> content) {
        if (remote.isPresent() && mode.writes()) {
            content.forEach(blob -> remote.get().put(blob, blobs));
        }
    }

    /** A record that does not serve is not brought from the remote cache again. */
    void refuse(Kind kind, byte[] key) {
        if (records instanceof SharedRecords shared) {
            shared.refuse(kind, key);
        }
    }

    public ArtifactCache artifacts() {
        return artifacts;
    }

    public SourceIndex sources() {
        return sources;
    }

    public TuningStore tuning() {
        return tuning;
    }

    public EagerIndex eager() {
        return eager;
    }

    public VariantIndex variants() {
        return variants;
    }

    public CacheMetrics metrics() {
        return metrics;
    }

    /** Where bad entries and files are kept for inspection until they are pruned. */
    public Path quarantine() {
        return settings.directory().resolve("quarantine");
    }

    /** Reports trouble with the record file; a damaged one is moved aside and made anew. */
    void trouble(StoreException problem) {
        metrics.increment(problem.isDamaged() ? "store.damaged" : "store.unavailable");
        Reports.warn("cache in " + settings.directory() + ": " + problem.getMessage());
        if (problem.isDamaged() && mode.writes()) {
            try {
                records.recover(quarantine()).join();
            } catch (CompletionException e) {
                Reports.warn("the damaged record file could not be moved aside: "
                        + e.getCause().getMessage());
            }
        }
    }

    @Override
    public void close() {
        if (remote.isPresent()) {
            remote.get().close();
        }
        records.close();
        if (scratch != null && Files.exists(scratch)) {
            removeScratch();
        }
    }

    private static Path scratch() {
        try {
            return Files.createTempDirectory("kiln-");
        } catch (IOException e) {
            throw new UncheckedIOException("there is no folder for temporary files: set java.io.tmpdir", e);
        }
    }

    private void removeScratch() {
        try (var files = Files.walk(scratch)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException | UncheckedIOException e) {
            Reports.warn("could not remove the scratch folder " + scratch + ": " + e.getMessage());
        }
    }
}
