package dev.kiln.kernels.gemm;

/** How the numbers of an operand lie in memory. */
public enum Stored {
    F32("float", 32),
    F64("double", 64),
    I32("int32_t", 32),
    I64("int64_t", 64),
    F16("uint16_t", 16),
    BF16("uint16_t", 16),
    I8("int8_t", 8),
    U8("uint8_t", 8),
    /** Two of 4 bits in a byte, the first in the lower half; each is 8 more than the number it stands for. */
    NIBBLES("uint8_t", 4);

    private final String c;
    private final int bits;

    Stored(String c, int bits) {
        this.c = c;
        this.bits = bits;
    }

    /** The C type that memory is read by. */
    public String c() {
        return c;
    }

    /** Bytes that so many numbers take; so many must be whole bytes. */
    public long bytes(long count) {
        return count * bits / 8;
    }

    /** Whether {@code type} multiplies such numbers as they are. */
    boolean isMultipliedBy(ElementType type) {
        return switch (type) {
            case F32 -> this == F32;
            case F64 -> this == F64;
            case I32 -> this == I32;
            case I64 -> this == I64;
            case BF16_PAIR -> this == BF16;
            case I16_PAIR -> false;
            case BYTE_QUAD -> this == I8 || this == U8;
        };
    }
}
