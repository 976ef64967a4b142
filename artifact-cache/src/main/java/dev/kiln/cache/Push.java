package dev.kiln.cache;

import dev.kiln.cache.remote.RemoteCache;
import dev.kiln.cache.remote.SharedRecords;
import dev.kiln.cache.store.Kind;
import java.time.Duration;
import java.util.function.LongConsumer;

/** Sends all that a cache directory holds to the remote cache: a farm fills it before a fleet starts. */
final class Push {
    /** Waits for the uploads of so many records before it goes on: what is to be sent must not pile up. */
    private static final int PILE = 100;
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final CacheHome home;
    private final SharedRecords records;
    private final RemoteCache remote;
    private final LongConsumer progress;
    private long seen;
    private boolean complete = true;

    Push(CacheHome home, SharedRecords records, RemoteCache remote, LongConsumer progress) {
        this.home = home;
        this.records = records;
        this.remote = remote;
        this.progress = progress;
    }

    /** Graphs first, then what leads to them. */
    PushReport run() {
        for (Kind kind : Kind.values()) {
            records.forEach(kind, new byte[0], (key, value) -> push(kind, key, value));
        }
        settle();
        CacheMetrics metrics = home.metrics();
        return new PushReport(seen, metrics.get("remote.blob.put"), metrics.get("remote.bytes.written"),
                complete && metrics.get("remote.failed") == 0 && metrics.get("remote.skipped") == 0);
    }

    private boolean push(Kind kind, byte[] key, byte[] value) {
        if (kind == Kind.ARTIFACT) {
            try {
                GraphSerializers.CODEC.decode(value).blobs().forEach(blob -> remote.put(blob, home.blobs()));
            } catch (CorruptEntryException e) {
                Reports.warn("cache entry " + Keys.text(key) + " is not sent: " + e.getMessage());
                return true;
            }
        }
        records.share(kind, key, value);
        seen++;
        if (seen % PILE == 0) {
            settle();
        }
        return complete;
    }

    private void settle() {
        complete &= remote.awaitUploads(PATIENCE);
        progress.accept(seen);
    }
}
