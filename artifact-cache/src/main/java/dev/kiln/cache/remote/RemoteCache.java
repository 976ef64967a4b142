package dev.kiln.cache.remote;

import dev.kiln.cache.Blob;
import dev.kiln.cache.BlobStore;
import dev.kiln.cache.CacheMetrics;
import dev.kiln.cache.store.Kind;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Records and blobs that machines share. Reading waits for the answer, at most as long as the settings allow; writing
 * goes on in the background. Never throws.
 *
 * <p>Counters: {@code remote.KIND.hit}, {@code .miss}, {@code .put} and {@code .corrupt} for each kind of record and for
 * {@code blob}s (in chunks), {@code remote.failed}, {@code remote.skipped} while the server is left alone after a
 * failure, {@code remote.dropped}, {@code remote.bytes.read} and {@code .written}.
 */
public final class RemoteCache implements AutoCloseable {
    private static final int LARGEST_RECORD = 64 << 20;
    private static final Duration LAST_UPLOADS = Duration.ofSeconds(30);

    private final RemoteSettings settings;
    private final Supplier<RemoteStore> opener;
    private final CacheMetrics metrics;
    private final Uploads uploads;
    private SealedStore opened;

    RemoteCache(Supplier<RemoteStore> opener, RemoteSettings settings, CacheMetrics metrics) {
        this.opener = opener;
        this.settings = settings;
        this.metrics = metrics;
        uploads = new Uploads(metrics);
    }

    /** Connects on first use; a start that finds all it needs on its own disk pays for nothing. */
    public static RemoteCache open(RemoteSettings settings, CacheMetrics metrics) {
        return new RemoteCache(() -> new RedisStore(settings), settings, metrics);
    }

    private synchronized SealedStore store() {
        if (opened == null) {
            opened = new SealedStore(opener.get(), settings, metrics);
        }
        return opened;
    }

    Optional<byte[]> get(Kind kind, String key) {
        return store().get(kind.database(), name(kind, key), LARGEST_RECORD);
    }

    void put(Kind kind, String key, byte[] value) {
        send(() -> store().put(kind.database(), name(kind, key), value));
    }

    Map<String, byte[]> fields(Kind kind, String key) {
        return store().fields(kind.database(), name(kind, key), LARGEST_RECORD);
    }

    void putField(Kind kind, String key, String field, byte[] value) {
        send(() -> store().putField(kind.database(), name(kind, key), field, value));
    }

    /** Sends a blob, unless it is there; a record that needs it is to be put after it. */
    public void put(Blob blob, BlobStore local) {
        send(() -> new RemoteBlobs(store()).put(blob, local));
    }

    /** Brings a blob into the local store. */
    public boolean fetch(Blob blob, BlobStore local) {
        return new RemoteBlobs(store()).fetch(blob, local);
    }

    /** Waits until all that was put is sent; false if the time did not suffice. */
    public boolean awaitUploads(Duration limit) {
        return uploads.await(limit);
    }

    /** Time of one question and its answer; throws a {@link RemoteStoreException} that says why there is none. */
    public static Duration ping(RemoteSettings settings) {
        try (var store = new RedisStore(settings)) {
            store.ping();
            long start = System.nanoTime();
            store.ping();
            return Duration.ofNanos(System.nanoTime() - start);
        }
    }

    private void send(Runnable upload) {
        if (settings.writes()) {
            uploads.add(upload);
        }
    }

    private static String name(Kind kind, String key) {
        return kind.database() + ':' + key;
    }

    /** Sends what waits, within half a minute. */
    @Override
    public void close() {
        uploads.close(LAST_UPLOADS);
        synchronized (this) {
            if (opened != null) {
                opened.close();
            }
        }
    }
}
