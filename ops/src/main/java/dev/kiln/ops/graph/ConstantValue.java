package dev.kiln.ops.graph;

import dev.kiln.ops.DType;
import dev.kiln.ops.Float8;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** The bytes of a constant: contiguous, little endian, with its content's digest once somebody has computed it. */
public record ConstantValue(DType dtype, List<Long> sizes, MemorySegment data) {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    public ConstantValue {
        sizes = List.copyOf(sizes);
        long expected = numel(sizes) * dtype.bytes();
        if (data.byteSize() != expected) {
            throw new IllegalArgumentException(
                "constant " + dtype + sizes + " needs " + expected + " bytes, got " + data.byteSize());
        }
    }

    public static ConstantValue floats(List<Long> sizes, float... values) {
        MemorySegment data = Arena.ofAuto().allocate(4L * values.length, 64);
        MemorySegment.copy(values, 0, data, ValueLayout.JAVA_FLOAT, 0, values.length);
        return new ConstantValue(DType.F32, sizes, data);
    }

    public static ConstantValue longs(List<Long> sizes, long... values) {
        MemorySegment data = Arena.ofAuto().allocate(8L * values.length, 64);
        MemorySegment.copy(values, 0, data, ValueLayout.JAVA_LONG, 0, values.length);
        return new ConstantValue(DType.I64, sizes, data);
    }

    public static ConstantValue allocate(DType dtype, List<Long> sizes) {
        return new ConstantValue(dtype, sizes, Arena.ofAuto().allocate(numel(sizes) * dtype.bytes(), 64));
    }

    public long numel() {
        return data.byteSize() / dtype.bytes();
    }

    private static long numel(List<Long> sizes) {
        return sizes.stream().reduce(1L, Math::multiplyExact);
    }

    /** Element {@code index} (row-major) as a long; floating values are truncated, u64 keeps its bits. */
    public long longAt(long index) {
        return switch (dtype) {
            case BOOL, U8 -> data.get(ValueLayout.JAVA_BYTE, index) & 0xffL;
            case I8 -> data.get(ValueLayout.JAVA_BYTE, index);
            case I16 -> data.get(SHORT, 2 * index);
            case U16 -> data.get(SHORT, 2 * index) & 0xffffL;
            case U32 -> data.get(INT, 4 * index) & 0xffffffffL;
            case I32 -> data.get(INT, 4 * index);
            case I64, U64 -> data.get(LONG, 8 * index);
            case F16, BF16, F32, F64, F8E4M3FN, F8E5M2, C64, C128 -> (long) doubleAt(index);
        };
    }

    /** Element {@code index} (row-major) as a double. */
    public double doubleAt(long index) {
        return switch (dtype) {
            case F32 -> data.get(FLOAT, 4 * index);
            case F64 -> data.get(DOUBLE, 8 * index);
            case F16 -> Float.float16ToFloat(data.get(SHORT, 2 * index));
            case BF16 -> Float.intBitsToFloat(data.get(SHORT, 2 * index) << 16);
            case F8E4M3FN, F8E5M2 -> Float8.decode(data.get(ValueLayout.JAVA_BYTE, index), dtype);
            case C64, C128 -> throw new IllegalStateException("a complex number is not one number; take view()");
            case U64 -> unsigned(longAt(index));
            default -> longAt(index);
        };
    }

    /** Stores a value, rounded or wrapped to the dtype. */
    public void set(long index, double value) {
        switch (dtype) {
            case F32 -> data.set(FLOAT, 4 * index, (float) value);
            case F64 -> data.set(DOUBLE, 8 * index, value);
            case F16 -> data.set(SHORT, 2 * index, Float.floatToFloat16((float) value));
            case BF16 -> data.set(SHORT, 2 * index, bfloat16((float) value));
            case F8E4M3FN, F8E5M2 ->
                data.set(ValueLayout.JAVA_BYTE, index, Float8.encode((float) value, dtype));
            case C64, C128 -> throw new IllegalStateException("a complex number is not one number; take view()");
            case U64 -> set(index, unsigned(value));
            default -> set(index, (long) value);
        }
    }

    /** Stores an integer, wrapped to the dtype. */
    public void set(long index, long value) {
        switch (dtype) {
            case BOOL -> data.set(ValueLayout.JAVA_BYTE, index, (byte) (value != 0 ? 1 : 0));
            case U8, I8 -> data.set(ValueLayout.JAVA_BYTE, index, (byte) value);
            case I16, U16 -> data.set(SHORT, 2 * index, (short) value);
            case I32, U32 -> data.set(INT, 4 * index, (int) value);
            case I64, U64 -> data.set(LONG, 8 * index, value);
            case F16, BF16, F32, F64, F8E4M3FN, F8E5M2, C64, C128 -> set(index, (double) value);
        }
    }

    /** The same memory as elements of another dtype, whose sizes take as many bytes. */
    public ConstantValue view(DType other, List<Long> otherSizes) {
        return new ConstantValue(other, otherSizes, data);
    }

    /** The value of 64 bits without a sign. */
    public static double unsigned(long bits) {
        return DType.unsigned(bits);
    }

    /** The 64 bits of a value that is cut to whole numbers; a negative one wraps around. */
    public static long unsigned(double value) {
        return value >= 0x1p63 ? (long) (value - 0x1p63) ^ Long.MIN_VALUE : (long) value;
    }

    /** Round to nearest even. */
    private static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ConstantValue that && dtype == that.dtype && sizes.equals(that.sizes)
            && data.mismatch(that.data) < 0;
    }

    @Override
    public int hashCode() {
        return 31 * dtype.hashCode() + sizes.hashCode();
    }
}
