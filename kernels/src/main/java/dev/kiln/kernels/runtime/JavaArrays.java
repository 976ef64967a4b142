package dev.kiln.kernels.runtime;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Copies between Java arrays and native memory. Through buffers wherever their 2 GiB suffice: the first
 * {@code MemorySegment} copy with a layout costs a fresh JVM some milliseconds, a buffer nothing.
 */
final class JavaArrays {
    private JavaArrays() {
    }

    private static boolean fits(MemorySegment segment) {
        return segment.isNative() && segment.byteSize() <= Integer.MAX_VALUE;
    }

    static ByteBuffer buffer(MemorySegment segment) {
        return segment.asByteBuffer().order(ByteOrder.nativeOrder());
    }

    static void put(float[] from, MemorySegment to) {
        if (fits(to)) {
            buffer(to).asFloatBuffer().put(from);
        } else {
            MemorySegment.copy(from, 0, to, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, from.length);
        }
    }

    static void put(double[] from, MemorySegment to) {
        if (fits(to)) {
            buffer(to).asDoubleBuffer().put(from);
        } else {
            MemorySegment.copy(from, 0, to, ValueLayout.JAVA_DOUBLE_UNALIGNED, 0, from.length);
        }
    }

    static void put(long[] from, MemorySegment to) {
        if (fits(to)) {
            buffer(to).asLongBuffer().put(from);
        } else {
            MemorySegment.copy(from, 0, to, ValueLayout.JAVA_LONG_UNALIGNED, 0, from.length);
        }
    }

    static void put(int[] from, MemorySegment to) {
        if (fits(to)) {
            buffer(to).asIntBuffer().put(from);
        } else {
            MemorySegment.copy(from, 0, to, ValueLayout.JAVA_INT_UNALIGNED, 0, from.length);
        }
    }

    static void get(MemorySegment from, float[] to) {
        if (fits(from)) {
            buffer(from).asFloatBuffer().get(to);
        } else {
            MemorySegment.copy(from, ValueLayout.JAVA_FLOAT_UNALIGNED, 0, to, 0, to.length);
        }
    }
}
