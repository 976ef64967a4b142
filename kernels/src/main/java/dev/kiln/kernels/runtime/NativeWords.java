package dev.kiln.kernels.runtime;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * An array of 64-bit words in native memory, zero at first, valid as long as it is reachable. A direct
 * buffer, because the first access through a {@code MemorySegment} costs a fresh JVM several milliseconds.
 */
final class NativeWords {
    private final ByteBuffer buffer;
    private final long address;

    private NativeWords(int count) {
        this.buffer = ByteBuffer.allocateDirect(8 * count).order(ByteOrder.nativeOrder());
        this.address = MemorySegment.ofBuffer(buffer).address();
    }

    static NativeWords zeros(int count) {
        return new NativeWords(count);
    }

    static NativeWords of(long... values) {
        NativeWords words = new NativeWords(values.length);
        for (int i = 0; i < values.length; i++) {
            words.set(i, values[i]);
        }
        return words;
    }

    long address() {
        return address;
    }

    long address(int index) {
        return address + 8L * index;
    }

    long get(int index) {
        return buffer.getLong(8 * index);
    }

    void set(int index, long value) {
        buffer.putLong(8 * index, value);
    }
}
