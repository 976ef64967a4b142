package dev.kiln.cache;

import dev.kiln.cache.codec.Envelope;
import dev.kiln.cache.store.Change;
import dev.kiln.cache.store.Kind;
import dev.kiln.cache.store.StoreException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletionException;

/**
 * For each op that is called on its own, the parameter vectors it was compiled for and the artifact that each led to. A
 * record a vector: processes that add at the same time lose nothing.
 */
public final class EagerIndex {
    private static final int SCHEMA = 1;
    private static final int MAX_RECORD = 1 << 20;

    private final CacheHome home;

    EagerIndex(CacheHome home) {
        this.home = home;
    }

    /**
     * One compiled call.
     *
     * @param parameters encoded vector of the parameters' metadata
     */
    public record Entry(byte[] parameters, CacheKey artifact) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Entry that && artifact.equals(that.artifact)
                    && Arrays.equals(parameters, that.parameters);
        }

        @Override
        public int hashCode() {
            return 31 * Arrays.hashCode(parameters) + artifact.hashCode();
        }
    }

    /**
     * What is known of an op.
     *
     * @param op key of its name, device, options and target
     */
    public List<Entry> find(CacheKey op) {
        var entries = new ArrayList<Entry>();
        if (home.mode().reads()) {
            try {
                home.records().forEach(Kind.EAGER, Keys.bytes(op), (key, value) -> add(value, entries));
            } catch (StoreException e) {
                home.trouble(e);
            }
        }
        return entries;
    }

    private boolean add(byte[] sealed, List<Entry> entries) {
        try {
            var in = ByteBuffer.wrap(Envelope.open(SCHEMA, MAX_RECORD, sealed));
            byte[] artifact = new byte[Math.min(in.remaining(), Byte.toUnsignedInt(in.get()))];
            in.get(artifact);
            byte[] parameters = new byte[in.remaining()];
            in.get(parameters);
            entries.add(new Entry(parameters, new CacheKey(Keys.text(artifact))));
        } catch (CorruptEntryException | RuntimeException e) {
            home.metrics().increment("eager.corrupt");
            Reports.warn("a record of an op is not used: " + e.getMessage());
        }
        return true;
    }

    /** Remembers a compiled call, in place of an earlier one with the same parameters; durable when this returns. */
    public void put(CacheKey op, Entry entry) {
        byte[] artifact = Keys.bytes(entry.artifact());
        var record = ByteBuffer.allocate(1 + artifact.length + entry.parameters().length);
        record.put((byte) artifact.length).put(artifact).put(entry.parameters());
        write(Change.put(Kind.EAGER, key(op, entry), Envelope.seal(SCHEMA, record.array())));
    }

    /** Forgets a call whose artifact is missing or damaged. */
    public void remove(CacheKey op, Entry entry) {
        home.refuse(Kind.EAGER, key(op, entry));
        write(Change.delete(Kind.EAGER, key(op, entry)));
    }

    private static byte[] key(CacheKey op, Entry entry) {
        return (op.text() + ':' + Sha256.hex(entry.parameters())).getBytes(StandardCharsets.US_ASCII);
    }

    private void write(Change change) {
        if (!home.mode().writes()) {
            return;
        }
        try {
            home.records().write(List.of(change)).join();
        } catch (CompletionException e) {
            home.metrics().increment("eager.failed");
            Reports.warn("a compiled op is not remembered: " + e.getCause().getMessage());
        }
    }
}
