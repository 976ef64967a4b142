package dev.kiln.stages.trace.pt2.archive;

import dev.kiln.ops.KilnException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** The operands in a pickle's bytes, read in order. */
final class PickleInput {
    private static final ValueLayout.OfDouble DOUBLE =
        ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final int MAX_LINE = 1 << 10;
    private static final int MAX_INTEGER = 64;

    private final String what;
    private final LittleEndian in;
    private long at;

    PickleInput(String what, MemorySegment data) {
        this.what = what;
        in = new LittleEndian(data);
    }

    int uint8() {
        return in.uint8(skip(1));
    }

    int uint16() {
        return in.uint16(skip(2));
    }

    int int32() {
        return in.int32(skip(4));
    }

    long uint32() {
        return in.uint32(skip(4));
    }

    long int64() {
        return in.int64(skip(8));
    }

    double real() {
        return in.data().get(DOUBLE, skip(8));
    }

    String text(long length) {
        long from = skip(length);
        return in.text(from, length, StandardCharsets.UTF_8);
    }

    /** Up to a line break, which is read too. */
    String line() {
        long from = at;
        while (uint8() != '\n') {
            if (at - from > MAX_LINE) {
                throw damaged("a name is too long");
            }
        }
        return in.text(from, at - from - 1, StandardCharsets.UTF_8);
    }

    /** A little-endian integer in two's complement: a {@link Long} if it fits. */
    Object integer(int length) {
        if (length < 0 || length > MAX_INTEGER) {
            throw damaged("an integer of " + length + " bytes");
        }
        long from = skip(length);
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[length - 1 - i] = (byte) in.uint8(from + i);
        }
        BigInteger value = length == 0 ? BigInteger.ZERO : new BigInteger(bytes);
        return value.bitLength() < Long.SIZE ? (Object) value.longValue() : value;
    }

    private long skip(long length) {
        long from = at;
        if (length > in.size() - at) {
            throw damaged("it ends too early");
        }
        at += length;
        return from;
    }

    KilnException.BadInput damaged(String reason) {
        return new KilnException.BadInput(what + " is not a pickle of tensors (" + reason + ")");
    }
}
