package dev.kiln.cache.codec;

import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import dev.kiln.cache.CorruptEntryException;
import dev.kiln.cache.CorruptEntryException.Reason;

/**
 * Encodes one kind of entry as a sealed {@link Envelope} around what {@code Kryo.writeClassAndObject} would
 * write with registration required and references off. Stateless and safe for many threads.
 */
public final class EntryCodec<T> {
    /** Largest payload that is written or read, bytes. */
    public static final int MAX_PAYLOAD = 64 << 20;
    /** Kryo writes registration ids plus two; 0 is null, 1 a class name. */
    private static final int ID_OFFSET = 2;

    private final int schema;
    private final RecordSerializer<T> serializer;

    /** @param schema number of the payload's layout; raise it when a field changes */
    public EntryCodec(int schema, RecordSerializer<T> serializer) {
        this.schema = schema;
        this.serializer = serializer;
    }

    public byte[] encode(T value) {
        var out = new Output(4096, MAX_PAYLOAD);
        out.writeVarInt(serializer.typeId() + ID_OFFSET, true);
        serializer.write(out, value);
        return Envelope.seal(schema, out.toBytes());
    }

    public T decode(byte[] sealed) throws CorruptEntryException {
        var in = new Input(Envelope.open(schema, MAX_PAYLOAD, sealed));
        try {
            int id = in.readVarInt(true) - ID_OFFSET;
            if (id != serializer.typeId()) {
                throw new CorruptEntryException(Reason.UNDECODABLE,
                        "the record holds type " + id + ", not " + serializer.typeId());
            }
            T value = serializer.read(in);
            if (in.position() != in.limit()) {
                throw new CorruptEntryException(Reason.UNDECODABLE,
                        (in.limit() - in.position()) + " bytes follow the record");
            }
            return value;
        } catch (RuntimeException e) {
            throw new CorruptEntryException(Reason.UNDECODABLE, "the record does not decode: "
                    + e.getMessage(), e);
        }
    }
}
