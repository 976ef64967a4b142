package dev.kiln.stages.autotune;

import dev.kiln.ops.DType;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Random operands and comparison of results, by dtype. */
final class TypedValues {
    /** Bytes; not a divisor of any likely row. */
    private static final long BLOCK = 8 * 2003;
    /** All bits set: as a float a NaN that no kernel computes, so it stands for elements that were not written. */
    private static final byte UNWRITTEN = -1;

    private TypedValues() {
    }

    /** Random values in the first block, copies of it behind. */
    static void fill(MemorySegment data, DType dtype, Random random) {
        long block = Math.min(BLOCK, data.byteSize());
        for (long i = 0; i < block / dtype.bytes(); i++) {
            setRandom(data, dtype, i, random);
        }
        for (long at = block; at < data.byteSize(); at += block) {
            MemorySegment.copy(data, 0, data, at, Math.min(block, data.byteSize() - at));
        }
    }

    /** Floats lie within half of 0; bytes take all values, wider integers 0 and 1, which are valid places too. */
    private static void setRandom(MemorySegment data, DType dtype, long i, Random random) {
        float x = random.nextFloat() - 0.5f;
        switch (dtype) {
            case F32, C64 -> {
                for (int part = 0; part < dtype.bytes() / Float.BYTES; part++) {
                    data.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i * dtype.bytes() / Float.BYTES + part, x);
                }
            }
            case F64 -> data.setAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, i, x);
            case C128 -> {
                data.setAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, 2 * i, x);
                data.setAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, 2 * i + 1, -x);
            }
            case F16 -> data.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, Float.floatToFloat16(x));
            case BF16 -> data.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, (short) (Float.floatToRawIntBits(x) >>> 16));
            case F8E4M3FN, F8E5M2 -> data.set(ValueLayout.JAVA_BYTE, i, (byte) (random.nextInt() & 0xb7));
            case U8, I8 -> data.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt());
            case BOOL -> data.set(ValueLayout.JAVA_BYTE, i, (byte) random.nextInt(2));
            case I16, U16 -> data.setAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i, (short) random.nextInt(2));
            case I32, U32 -> data.setAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i, random.nextInt(2));
            case I64, U64 -> data.setAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i, random.nextInt(2));
        }
    }

    static void markUnwritten(MemorySegment data) {
        data.fill(UNWRITTEN);
    }

    /**
     * The first place where a result is not the reference's, up to rounding, or -1. Elements that the reference left out
     * are not compared.
     *
     * @param depth products summed into one element
     * @param coarse whether an operand has 8 or 16 bits, of which kernels may round intermediates too
     */
    static long firstDifference(MemorySegment reference, MemorySegment result, DType dtype, long count, long depth,
            boolean coarse) {
        if (!dtype.isFloating()) {
            return differentNumber(reference, result, dtype, count);
        }
        boolean rounded = coarse || dtype.bytes() < Float.BYTES;
        double absolute = (rounded ? 1e-3 : 1e-4) * Math.sqrt(depth);
        double relative = rounded ? dtype.bytes() == 1 ? 0.13 : 1e-2 : 1e-4;
        for (long i = 0; i < count; i++) {
            if (isUnwritten(reference, dtype, i)) {
                continue;
            }
            double wanted = real(reference, dtype, i);
            double got = real(result, dtype, i);
            if (!(Math.abs(wanted - got) <= absolute + relative * Math.abs(wanted))
                    && Double.compare(wanted, got) != 0) {
                return i;
            }
        }
        return -1;
    }

    /** Sums are exact; bytes may differ by one, where a sum is scaled and rounded. */
    private static long differentNumber(MemorySegment reference, MemorySegment result, DType dtype, long count) {
        int most = dtype == DType.I8 || dtype == DType.U8 ? 1 : 0;
        for (long i = 0; i < count; i++) {
            if (!isUnwritten(reference, dtype, i)
                    && Math.abs(number(reference, dtype, i) - number(result, dtype, i)) > most) {
                return i;
            }
        }
        return -1;
    }

    private static boolean isUnwritten(MemorySegment data, DType dtype, long i) {
        return number(data, dtype, i) == (dtype == DType.U8 ? 0xff : -1);
    }

    private static double real(MemorySegment data, DType dtype, long i) {
        return switch (dtype) {
            case F64 -> data.getAtIndex(ValueLayout.JAVA_DOUBLE_UNALIGNED, i);
            case F16 -> Float.float16ToFloat(data.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i));
            case BF16 -> Float.intBitsToFloat(data.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i) << 16);
            case F8E5M2 -> Float.float16ToFloat((short) (data.get(ValueLayout.JAVA_BYTE, i) << 8));
            case F8E4M3FN -> e4m3(data.get(ValueLayout.JAVA_BYTE, i));
            default -> data.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
        };
    }

    private static double e4m3(byte bits) {
        float size = (bits & 0x7f) == 0x7f ? Float.NaN : Float.intBitsToFloat((bits & 0x7f) << 20) * 0x1p120f;
        return bits < 0 ? -size : size;
    }

    /** The bits as a signed number; of unsigned bytes and words as an unsigned one. */
    private static long number(MemorySegment data, DType dtype, long i) {
        return switch (dtype.bytes()) {
            case 1 -> dtype == DType.U8 ? data.get(ValueLayout.JAVA_BYTE, i) & 0xff : data.get(ValueLayout.JAVA_BYTE, i);
            case 2 -> data.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i);
            case 4 -> data.getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i);
            case 8 -> data.getAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i);
            default -> throw new IllegalArgumentException("no results of " + dtype);
        };
    }
}
