package dev.kiln.cache;

import dev.kiln.cache.CacheLookup.MissReason;
import dev.kiln.cache.CorruptEntryException.Reason;
import dev.kiln.cache.codec.EntryCodec;
import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import dev.kiln.cache.store.StoreException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.function.Function;

/**
 * Entries of one kind by key: reading with every check, writing with components and time of use, quarantine,
 * metrics. The artifact cache and the AOT cache are both made of this.
 */
public final class EntryStore<T> {
    /**
     * The time of use is written again only when it is older than this, as {@code relatime} does for files.
     */
    private static final long ACCESS_MILLIS = 3_600_000;

    private final CacheHome home;
    private final Kind kind;
    private final EntryCodec<T> codec;
    private final Function<T, CacheKey> keyOf;

    /** @param keyOf the key an entry says it belongs to */
    public EntryStore(CacheHome home, Kind kind, EntryCodec<T> codec, Function<T, CacheKey> keyOf) {
        this.home = home;
        this.kind = kind;
        this.codec = codec;
        this.keyOf = keyOf;
    }

    /** What was found under a key. */
    public sealed interface Found<T> {
    }

    /** @param bytes size of the record */
    public record Whole<T>(T entry, long bytes) implements Found<T> {
    }

    /** Nothing of use. */
    public record Absent<T>(MissReason reason, String detail) implements Found<T> {
    }

    /** Something damaged. */
    public record Damaged<T>(Reason reason, String detail) implements Found<T> {
    }

    /** Reads and checks one record. Quarantines a damaged one; counts nothing as hit or miss. */
    public Found<T> read(CacheKey key) {
        if (!home.mode().reads()) {
            return new Absent<>(MissReason.CACHE_OFF, "the cache is off");
        }
        try {
            Optional<byte[]> sealed = home.records().get(kind, Keys.bytes(key));
            if (sealed.isEmpty()) {
                return new Absent<>(MissReason.NO_ENTRY, "nothing is stored under " + key);
            }
            return decode(key, sealed.get());
        } catch (StoreException e) {
            home.trouble(e);
            return e.isDamaged() ? new Damaged<>(Reason.STORE_DAMAGED, e.getMessage())
                    : new Absent<>(MissReason.STORE_UNAVAILABLE, e.getMessage());
        }
    }

    private Found<T> decode(CacheKey key, byte[] sealed) {
        try {
            T entry = codec.decode(sealed);
            if (!keyOf.apply(entry).equals(key)) {
                throw new CorruptEntryException(Reason.WRONG_KEY, "the entry belongs to "
                        + keyOf.apply(entry));
            }
            home.metrics().add("bytes.read", sealed.length);
            return new Whole<>(entry, sealed.length);
        } catch (CorruptEntryException e) {
            if (e.reason() == Reason.OTHER_FORMAT) {
                return new Absent<>(MissReason.OTHER_FORMAT, e.getMessage());
            }
            quarantine(key, e.getMessage());
            return new Damaged<>(e.reason(), e.getMessage());
        }
    }

    /**
     * Stores an entry durably.
     *
     * @return whether it was stored
     */
    public boolean write(CacheKey key, T entry, KeyComponents components) {
        if (!home.mode().writes()) {
            return false;
        }
        byte[] sealed = codec.encode(entry);
        byte[] name = Keys.bytes(key);
        var changes = List.of(Change.put(kind, name, sealed),
                Change.put(Kind.COMPONENTS, name, components.toBytes()),
                Change.put(Kind.ACCESS, name, now()));
        boolean stored = commit(changes);
        home.metrics().increment(stored ? "put" : "put.failed");
        home.metrics().add("bytes.written", stored ? sealed.length : 0);
        return stored;
    }

    /** Marks the entry as used now, in the background and at most once an hour. */
    public void touch(CacheKey key) {
        if (home.mode().writes()) {
            byte[] name = Keys.bytes(key);
            try {
                Optional<byte[]> last = home.records().get(Kind.ACCESS, name);
                long used = last.isEmpty() || last.get().length != Long.BYTES ? 0
                        : ByteBuffer.wrap(last.get()).getLong();
                if (System.currentTimeMillis() - used > ACCESS_MILLIS) {
                    home.records().write(List.of(Change.put(Kind.ACCESS, name, now())));
                }
            } catch (StoreException e) {
                home.trouble(e);
            }
        }
    }

    /** Takes the entry out of use; its bytes are kept in the quarantine folder. */
    public void quarantine(CacheKey key, String reason) {
        Reports.warn("cache entry " + key + " is not used: " + reason);
        home.metrics().increment("quarantined");
        home.refuse(kind, Keys.bytes(key));
        if (!home.mode().writes()) {
            return;
        }
        try {
            Optional<byte[]> sealed = home.records().get(kind, Keys.bytes(key));
            if (sealed.isPresent()) {
                Files.createDirectories(home.quarantine());
                Files.write(home.quarantine().resolve(key + ".entry"), sealed.get());
            }
        } catch (IOException | StoreException e) {
            Reports.warn("the bad entry could not be kept: " + e.getMessage());
        }
        commit(delete(key));
    }

    List<Change> delete(CacheKey key) {
        var changes = new ArrayList<Change>();
        for (Kind each : List.of(kind, Kind.COMPONENTS, Kind.ACCESS)) {
            changes.add(Change.delete(each, Keys.bytes(key)));
        }
        return changes;
    }

    /** Writes, and tries once more when a damaged record file had to be replaced first. */
    private boolean commit(List<Change> changes) {
        for (int attempt = 0; attempt < 2; attempt++) {
            try {
                home.records().write(changes).join();
                return true;
            } catch (CompletionException e) {
                if (!(e.getCause() instanceof StoreException problem)) {
                    throw e;
                }
                home.trouble(problem);
                if (!problem.isDamaged()) {
                    return false;
                }
            }
        }
        return false;
    }

    private static byte[] now() {
        return ByteBuffer.allocate(Long.BYTES).putLong(System.currentTimeMillis()).array();
    }
}
