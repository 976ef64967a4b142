package dev.kiln.cache.codec;

import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Field codecs on Kryo's streams. Kryo's own readers believe the lengths they read; these compare each length
 * with the bytes that are left first, so that no input makes them allocate more than its own size.
 */
public final class Wire {
    private Wire() {
    }

    /** Reads one value. */
    public interface Reader<T> {
        T read(Input in);
    }

    /** Writes one value. */
    public interface Writer<T> {
        void write(Output out, T value);
    }

    public static void text(Output out, String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        out.writeVarInt(bytes.length, true);
        out.writeBytes(bytes);
    }

    public static String text(Input in) {
        int length = count(in);
        var value = new String(in.getBuffer(), in.position(), length, StandardCharsets.UTF_8);
        in.setPosition(in.position() + length);
        return value;
    }

    public static <T> void list(Output out, Collection<T> values, Writer<? super T> writer) {
        out.writeVarInt(values.size(), true);
        for (T value : values) {
            writer.write(out, value);
        }
    }

    public static <T> List<T> list(Input in, Reader<T> reader) {
        int size = count(in);
        var values = new ArrayList<T>(size);
        for (int i = 0; i < size; i++) {
            values.add(reader.read(in));
        }
        return values;
    }

    public static void texts(Output out, Collection<String> values) {
        list(out, values, Wire::text);
    }

    public static List<String> texts(Input in) {
        return list(in, Wire::text);
    }

    public static void ints(Output out, Collection<Integer> values) {
        list(out, values, (o, v) -> o.writeVarInt(v, true));
    }

    public static List<Integer> ints(Input in) {
        return list(in, i -> i.readVarInt(true));
    }

    public static <V> void map(Output out, SortedMap<String, V> values, Writer<? super V> writer) {
        list(out, values.entrySet(), (o, e) -> {
            text(o, e.getKey());
            writer.write(o, e.getValue());
        });
    }

    public static <V> SortedMap<String, V> map(Input in, Reader<V> reader) {
        int size = count(in);
        var values = new TreeMap<String, V>();
        for (int i = 0; i < size; i++) {
            values.put(text(in), reader.read(in));
        }
        return values;
    }

    public static <E extends Enum<E>> void constant(Output out, E value) {
        text(out, value.name());
    }

    public static <E extends Enum<E>> E constant(Input in, Class<E> type) {
        return Enum.valueOf(type, text(in));
    }

    /** A number of things that follow, each at least one byte long. */
    private static int count(Input in) {
        int count = in.readVarInt(true);
        if (count < 0 || count > in.limit() - in.position()) {
            throw new KryoException("a length of " + Integer.toUnsignedString(count) + " where "
                    + (in.limit() - in.position()) + " bytes are left");
        }
        return count;
    }
}
