package dev.kiln.cache.codec;

import com.esotericsoftware.kryo.Kryo;
import com.esotericsoftware.kryo.Serializer;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;

/**
 * Serializer of one record type: its id, and its fields by hand. It needs no {@link Kryo} instance, so the
 * read path never builds one (its constructor costs 10 ms with an AOT cache and 70 without); registered with
 * a real instance it reads and writes the same bytes.
 */
public abstract class RecordSerializer<T> extends Serializer<T> {
    private final int typeId;
    private final Class<T> type;

    /** @param typeId from {@link TypeIds} */
    protected RecordSerializer(int typeId, Class<T> type) {
        super(false, true);
        this.typeId = typeId;
        this.type = type;
    }

    public final int typeId() {
        return typeId;
    }

    public abstract void write(Output out, T value);

    /**
     * Throws any runtime exception on bytes that are not a value; never allocates more than the input is
     * long.
     */
    public abstract T read(Input in);

    @Override
    public final void write(Kryo kryo, Output out, T value) {
        write(out, value);
    }

    @Override
    public final T read(Kryo kryo, Input in, Class<? extends T> ignored) {
        return read(in);
    }

    /** Registers the serializer under its fixed id. */
    public final void register(Kryo kryo) {
        kryo.register(type, this, typeId);
    }
}
