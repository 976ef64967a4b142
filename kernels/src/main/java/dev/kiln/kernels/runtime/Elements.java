package dev.kiln.kernels.runtime;

import dev.kiln.ops.DType;
import dev.kiln.ops.Float8;
import dev.kiln.ops.KilnException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Single elements of any type, and packing of strided ones. Memory need not be aligned. */
final class Elements {
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED;

    private Elements() {
    }

    static long getLong(MemorySegment data, DType dtype, long i) {
        return switch (dtype) {
            case BOOL -> data.get(ValueLayout.JAVA_BYTE, i) != 0 ? 1 : 0;
            case I8 -> data.get(ValueLayout.JAVA_BYTE, i);
            case U8 -> data.get(ValueLayout.JAVA_BYTE, i) & 0xff;
            case I16 -> data.get(I16, 2 * i);
            case U16 -> data.get(I16, 2 * i) & 0xffffL;
            case I32 -> data.get(I32, 4 * i);
            case U32 -> data.get(I32, 4 * i) & 0xffffffffL;
            case I64, U64 -> data.get(I64, 8 * i);
            case F16, BF16, F32, F64, F8E4M3FN, F8E5M2, C64, C128 -> (long) getDouble(data, dtype, i);
        };
    }

    static double getDouble(MemorySegment data, DType dtype, long i) {
        return switch (dtype) {
            case F16 -> Float.float16ToFloat(data.get(I16, 2 * i));
            case BF16 -> Float.intBitsToFloat(data.get(I16, 2 * i) << 16);
            case F8E4M3FN, F8E5M2 -> Float8.decode(data.get(ValueLayout.JAVA_BYTE, i), dtype);
            case F32 -> data.get(F32, 4 * i);
            case F64 -> data.get(F64, 8 * i);
            case U64 -> DType.unsigned(data.get(I64, 8 * i));
            case BOOL, I8, U8, I16, U16, I32, U32, I64 -> getLong(data, dtype, i);
            case C64, C128 -> throw new KilnException.BadInput("a complex number is not one number; take parts()");
        };
    }

    /**
     * Stores a float's value, rounded to nearest even; {@code value} is exact in float for the 16-bit types.
     */
    static void setDouble(MemorySegment data, DType dtype, long i, double value) {
        switch (dtype) {
            case F16 -> data.set(I16, 2 * i, Float.floatToFloat16((float) value));
            case BF16 -> data.set(I16, 2 * i, toBf16((float) value));
            case F8E4M3FN, F8E5M2 -> data.set(ValueLayout.JAVA_BYTE, i, Float8.encode((float) value, dtype));
            case F32 -> data.set(F32, 4 * i, (float) value);
            case F64 -> data.set(F64, 8 * i, value);
            case BOOL, I8, U8, I16, U16, I32, U32, I64, U64, C64, C128 ->
                    throw new IllegalArgumentException("floats make a floating tensor, not " + dtype);
        }
    }

    private static short toBf16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >> 16 | 0x40);
        }
        return (short) (bits + 0x7fff + (bits >>> 16 & 1) >> 16);
    }

    /** Copies strided elements of {@code width} bytes into row-major order. */
    static void pack(MemorySegment from, long[] shape, long[] strides, int width, MemorySegment to) {
        copy(from, strides, to, Layouts.rowMajor(shape), shape, width);
    }

    /** Copies elements of {@code width} bytes from strided to strided memory. */
    static void copy(MemorySegment from, long[] fromStrides, MemorySegment to, long[] toStrides, long[] shape, int width) {
        long count = Layouts.numel(shape);
        long[] index = new long[shape.length];
        long source = 0;
        long target = 0;
        for (long i = 0; i < count; i++) {
            copyElement(from, source * width, to, target * width, width);
            for (int d = shape.length - 1; d >= 0; d--) {
                source += fromStrides[d];
                target += toStrides[d];
                if (++index[d] < shape[d]) {
                    break;
                }
                source -= index[d] * fromStrides[d];
                target -= index[d] * toStrides[d];
                index[d] = 0;
            }
        }
    }

    private static void copyElement(MemorySegment from, long fromByte, MemorySegment to, long toByte,
            int width) {
        switch (width) {
            case 1 -> to.set(ValueLayout.JAVA_BYTE, toByte, from.get(ValueLayout.JAVA_BYTE, fromByte));
            case 2 -> to.set(I16, toByte, from.get(I16, fromByte));
            case 4 -> to.set(I32, toByte, from.get(I32, fromByte));
            case 8 -> to.set(I64, toByte, from.get(I64, fromByte));
            default -> MemorySegment.copy(from, fromByte, to, toByte, width);
        }
    }
}
