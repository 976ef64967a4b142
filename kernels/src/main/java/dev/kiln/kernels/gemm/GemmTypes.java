package dev.kiln.kernels.gemm;

import dev.kiln.kernels.cpu.Isa;

/**
 * The types of a product: what A and the weight lie in memory as, and what is multiplied. The result has the type of the
 * sums, {@link ElementType#accumulator()}; rounding to something shorter is the epilogue's part. An operand that is not
 * stored as it is multiplied is widened on the way: A when a task begins, the weight panel by panel.
 *
 * @param input   A's numbers
 * @param weight  the packed weight's numbers
 * @param compute what is multiplied
 */
public record GemmTypes(Stored input, Stored weight, ElementType compute) {
    public GemmTypes {
        if (compute == ElementType.BYTE_QUAD && (input != Stored.U8 && input != Stored.I8 || weight != Stored.I8)) {
            throw new IllegalArgumentException("quads of bytes have weights of i8, not " + input + " and " + weight);
        }
    }

    /** A product of numbers that are stored as they are multiplied. */
    public static GemmTypes of(ElementType number) {
        Stored stored = Stored.valueOf(number.name());
        return new GemmTypes(stored, stored, number);
    }

    /**
     * The declared table: what an instruction set multiplies such operands as. Floats of half length are multiplied as
     * bf16 only if A is bf16; all others are widened to f32. Bytes are exact in every case.
     *
     * @throws IllegalArgumentException for a pair that no kernel multiplies
     */
    public static GemmTypes of(Stored input, Stored weight, Isa isa) {
        return new GemmTypes(input, weight, switch (input) {
            case F32, F16 -> floating(input, weight, ElementType.F32);
            case BF16 -> floating(input, weight, isa.hasDotProducts() && weight != Stored.F32 && weight != Stored.F16
                    ? ElementType.BF16_PAIR : ElementType.F32);
            case U8, I8 -> bytes(input, weight, isa);
            case F64, I32, I64 -> same(input, weight);
            case NIBBLES -> throw unknown(input, weight);
        });
    }

    private static ElementType floating(Stored input, Stored weight, ElementType compute) {
        return switch (weight) {
            case F32, F16, BF16, I8, NIBBLES -> compute;
            case F64, I32, I64, U8 -> throw unknown(input, weight);
        };
    }

    private static ElementType bytes(Stored input, Stored weight, Isa isa) {
        if (weight != Stored.I8 && weight != Stored.U8) {
            throw unknown(input, weight);
        }
        boolean quads = isa.hasDotProducts() && weight == Stored.I8;
        return quads ? ElementType.BYTE_QUAD : isa.isX86() ? ElementType.I16_PAIR : ElementType.I32;
    }

    private static ElementType same(Stored input, Stored weight) {
        if (input != weight) {
            throw unknown(input, weight);
        }
        return ElementType.valueOf(input.name());
    }

    private static IllegalArgumentException unknown(Stored input, Stored weight) {
        return new IllegalArgumentException("no kernel multiplies " + input + " by " + weight);
    }

    /** Whether panels of the weight are widened before they are multiplied. */
    public boolean widensWeight() {
        return !weight.isMultipliedBy(compute);
    }

    /**
     * Whether A's numbers are multiplied as 128 more than they are, since only unsigned bytes can be: sums then begin with
     * -128 times the sum of the weight's column, which is packed behind each panel.
     */
    boolean shiftsInput() {
        return compute == ElementType.BYTE_QUAD && input == Stored.I8;
    }

    /** Whether A is copied whatever its size and strides are. */
    public boolean widensInput() {
        return shiftsInput() || !input.isMultipliedBy(compute);
    }

    /** Numbers of the weight that are packed side by side, along k. */
    int packedDepth() {
        return weight == Stored.NIBBLES ? 8 : compute.depth();
    }

    /** Bytes that those take. */
    int packedBytes() {
        return (int) weight.bytes(packedDepth());
    }

    /** Bytes that one row of elements takes in a packed panel. */
    public int rowBytes(MicroGemm micro) {
        return (int) weight.bytes((long) compute.depth() * micro.nr());
    }

    /** The C type that packed panels are read by. */
    String packedType() {
        return !widensWeight() ? compute.c() : weight == Stored.NIBBLES ? "uint32_t" : weight.c();
    }
}
