package dev.kiln.cache;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.SortedMap;
import java.util.SortedSet;

/** The canonical encoding of keys: one tag byte a value, big-endian numbers, lengths before contents. */
final class CanonicalBytes {
    private static final byte ABSENT = 0;
    private static final byte TEXT = 1;
    private static final byte NUMBER = 2;
    private static final byte REAL = 3;
    private static final byte FALSE = 4;
    private static final byte TRUE = 5;
    private static final byte BYTES = 6;
    private static final byte BLOB = 7;
    private static final byte LIST = 8;
    private static final byte SET = 9;
    private static final byte MAP = 10;

    private byte[] data = new byte[256];
    private int size;

    void absent() {
        tag(ABSENT);
    }

    void text(String value) {
        tag(TEXT);
        sized(value.getBytes(StandardCharsets.UTF_8));
    }

    void number(long value) {
        tag(NUMBER);
        fixed(value, 8);
    }

    void real(double value) {
        tag(REAL);
        fixed(Double.doubleToLongBits(value), 8);
    }

    void flag(boolean value) {
        tag(value ? TRUE : FALSE);
    }

    void bytes(byte[] value) {
        tag(BYTES);
        sized(value);
    }

    void blob(Blob value) {
        tag(BLOB);
        sized(value.digest().getBytes(StandardCharsets.US_ASCII));
        fixed(value.bytes(), 8);
    }

    void list(Collection<String> values) {
        tag(LIST);
        all(values);
    }

    void set(SortedSet<String> values) {
        tag(SET);
        all(values);
    }

    void map(SortedMap<String, String> values) {
        tag(MAP);
        fixed(values.size(), 4);
        values.forEach((key, value) -> {
            sized(key.getBytes(StandardCharsets.UTF_8));
            sized(value.getBytes(StandardCharsets.UTF_8));
        });
    }

    byte[] toByteArray() {
        return Arrays.copyOf(data, size);
    }

    private void all(Collection<String> values) {
        fixed(values.size(), 4);
        for (String value : values) {
            sized(value.getBytes(StandardCharsets.UTF_8));
        }
    }

    private void sized(byte[] value) {
        fixed(value.length, 4);
        reserve(value.length);
        System.arraycopy(value, 0, data, size, value.length);
        size += value.length;
    }

    private void tag(byte tag) {
        reserve(1);
        data[size++] = tag;
    }

    private void fixed(long value, int width) {
        reserve(width);
        for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) {
            data[size++] = (byte) (value >>> shift);
        }
    }

    private void reserve(int more) {
        if (data.length - size < more) {
            data = Arrays.copyOf(data, Math.addExact(Math.max(2 * size, size + more), 16));
        }
    }
}
