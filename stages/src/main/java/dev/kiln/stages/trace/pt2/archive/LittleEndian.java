package dev.kiln.stages.trace.pt2.archive;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.Charset;

/** Little-endian fields of a file; a place outside it is an {@link IndexOutOfBoundsException}. */
record LittleEndian(MemorySegment data) {
    private static final ValueLayout.OfShort SHORT =
        ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT =
        ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG =
        ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    long size() {
        return data.byteSize();
    }

    int uint8(long at) {
        return data.get(ValueLayout.JAVA_BYTE, at) & 0xff;
    }

    int uint16(long at) {
        return data.get(SHORT, at) & 0xffff;
    }

    int int32(long at) {
        return data.get(INT, at);
    }

    long uint32(long at) {
        return int32(at) & 0xffffffffL;
    }

    long int64(long at) {
        return data.get(LONG, at);
    }

    String text(long at, long length, Charset charset) {
        return new String(data.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE), charset);
    }
}
