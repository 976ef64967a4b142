package dev.kiln.cache;

import dev.kiln.cache.VerifyReport.Finding;
import dev.kiln.cache.codec.Envelope;
import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import dev.kiln.cache.store.StoreException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;

/** Reads every record and every blob of a cache, whatever their stamps say. */
final class Verification {
    private final CacheHome home;
    private final boolean remove;
    private final List<Finding> bad = new ArrayList<>();
    private final List<Change> removals = new ArrayList<>();
    private long records;
    private long blobs;
    private long bytes;

    Verification(CacheHome home, boolean remove) {
        this.home = home;
        this.remove = remove;
    }

    VerifyReport run() {
        try {
            home.blobs().forEach(this::blob);
            home.records().check();
            for (Kind kind : Kind.values()) {
                home.records().forEach(kind, new byte[0], (key, value) -> record(kind, key, value));
            }
            if (remove && !removals.isEmpty()) {
                home.records().write(removals).join();
            }
        } catch (IOException e) {
            bad.add(new Finding("blobs", e.getMessage(), false));
        } catch (CompletionException e) {
            bad.add(new Finding("record file", e.getCause().getMessage(), false));
        } catch (StoreException e) {
            if (remove) {
                home.trouble(e);
            }
            bad.add(new Finding("record file", e.getMessage(), remove && e.isDamaged()));
        }
        return new VerifyReport(records, blobs, bytes, bad);
    }

    private void blob(Path file) {
        blobs++;
        bytes += Maintenance.length(file);
        var digest = BlobStore.digest(file);
        try {
            if (!ContentDigest.of(file).digest().equals(digest)) {
                bad.add(new Finding("blob " + digest, "does not match its digest",
                        remove && Maintenance.delete(file)));
            }
        } catch (IOException e) {
            bad.add(new Finding("blob " + digest, "cannot be read: " + e.getMessage(), false));
        }
    }

    private boolean record(Kind kind, byte[] key, byte[] value) {
        records++;
        bytes += value.length;
        try {
            switch (kind) {
                case ARTIFACT -> artifact(value);
                case AOT, TUNING, SOURCE, EAGER, VARIANT -> Envelope.check(value);
                case COMPONENTS -> KeyComponents.parse(value);
                case ACCESS, STAMP -> { }
            }
        } catch (CorruptEntryException | IllegalArgumentException e) {
            bad.add(new Finding(kind.database() + " " + Keys.text(key), e.getMessage(), remove));
            removals.add(Change.delete(kind, key));
        }
        return true;
    }

    /** An entry of another format is whole; it is left to the version that wrote it. */
    private void artifact(byte[] value) throws CorruptEntryException {
        CompiledGraph graph;
        try {
            graph = GraphSerializers.CODEC.decode(value);
        } catch (CorruptEntryException e) {
            if (e.reason() == CorruptEntryException.Reason.OTHER_FORMAT) {
                return;
            }
            throw e;
        }
        for (Blob blob : graph.requiredBlobs()) {
            if (!home.blobs().contains(blob)) {
                throw new CorruptEntryException(CorruptEntryException.Reason.BLOB_LENGTH,
                        "its blob " + blob.digest() + " is missing or has another length");
            }
        }
    }
}
