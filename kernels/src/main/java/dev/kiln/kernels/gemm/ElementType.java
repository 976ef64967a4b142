package dev.kiln.kernels.gemm;

import java.util.List;

/**
 * What one lane of a vector multiplies and adds up in a single instruction: a number, or with a dot-product instruction a
 * few short numbers that lie side by side. Sizes along k in kernels count these.
 */
public enum ElementType {
    F32("float", "float", "float", 4, 1),
    F64("double", "double", "double", 8, 1),
    I32("int32_t", "uint32_t", "int32_t", 4, 1),
    I64("int64_t", "uint64_t", "int64_t", 8, 1),
    /** Two bf16, summed in f32. */
    BF16_PAIR("uint32_t", "uint32_t", "float", 4, 2),
    /** Two i16, summed in i32: what 8-bit numbers of any sign are widened to where there is nothing better. */
    I16_PAIR("uint32_t", "uint32_t", "int32_t", 4, 2),
    /** Four u8 of A times four i8 of the weight, summed in i32. */
    BYTE_QUAD("uint32_t", "uint32_t", "int32_t", 4, 4);

    private final String c;
    private final String arithmetic;
    private final String accumulator;
    private final int bytes;
    private final int depth;

    ElementType(String c, String arithmetic, String accumulator, int bytes, int depth) {
        this.c = c;
        this.arithmetic = arithmetic;
        this.accumulator = accumulator;
        this.bytes = bytes;
        this.depth = depth;
    }

    /** Those that are one number each: input, accumulator and result have the same type. */
    public static List<ElementType> numbers() {
        return List.of(F32, F64, I32, I64);
    }

    /** The C name of the stored type. */
    public String c() {
        return c;
    }

    /** The C name of the type of sums; as long as the element itself. */
    public String accumulator() {
        return accumulator;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** Numbers in one element. */
    public int depth() {
        return depth;
    }

    public boolean isInteger() {
        return this == I32 || this == I64 || this == I16_PAIR || this == BYTE_QUAD;
    }

    /** The C type to compute in: integers wrap around as in PyTorch, which signed C types may not. */
    String arithmetic() {
        return arithmetic;
    }

    /** The C macro that multiplies vectors a and b and adds c; see {@code prelude.h}. */
    String multiplyAdd(int vectorBytes) {
        return switch (this) {
            case F32, F64 -> "KILN_FMA";
            case I32, I64 -> "KILN_MULTIPLY_ADD";
            case BF16_PAIR, I16_PAIR, BYTE_QUAD -> "KILN_" + name() + "_" + vectorBytes;
        };
    }

    /** The C type of the vectors of sums. */
    String sums() {
        return isInteger() ? arithmetic : accumulator;
    }
}
