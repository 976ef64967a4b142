package dev.kiln.kernels.gemm;

/**
 * The C that reads a weight that is stored narrower than it is multiplied: {@code PREFIX_LOAD(w, u, j)} is vector j of
 * the step u along k behind the packed row at w; u is a literal where loops are unrolled.
 */
final class NarrowWeight {
    private NarrowWeight() {}

    /** Definitions of {@code PREFIX_LOAD} and of what it needs; {@code PREFIX_u} is the type of vectors of elements. */
    static String load(String prefix, GemmTypes types, MicroGemm micro) {
        String body = switch (types.compute()) {
            case BF16_PAIR -> types.weight() == Stored.NIBBLES ? nibblesToPairs() : bytesToPairs();
            case I16_PAIR -> converted(types.weight(), "int16_t", 2 * micro.lanes());
            case I32 -> converted(types.weight(), "int32_t", micro.lanes());
            case F32 -> switch (types.weight()) {
                case NIBBLES -> nibblesToFloats(micro.lanes());
                case BF16 -> bf16ToFloats(micro.lanes());
                default -> converted(types.weight(), "float", micro.lanes());
            };
            case F64, I64, BYTE_QUAD -> throw new IllegalStateException("nothing is widened to " + types.compute());
        };
        return ("#define @P@_VECTORS " + micro.vectorsPerRow() + "\n" + body).replace("@P@", prefix);
    }

    private static String vectors(String name, String element, int lanes, int alignment) {
        return "typedef " + element + " " + name + " __attribute__((vector_size(" + lanes + " * sizeof(" + element
            + ")), aligned(" + alignment + "), may_alias));\n";
    }

    /** From one type of numbers to another. */
    private static String converted(Stored from, String to, int lanes) {
        String narrow = from == Stored.F16 ? "_Float16" : from.c();
        return vectors("@P@_narrow", narrow, lanes, 1) + vectors("@P@_wide", to, lanes, 4) + """
            #define @P@_LOAD(w, u, j) ((@P@_u)__builtin_convertvector( \\
                ((const @P@_narrow*)(w))[(u) * @P@_VECTORS + (j)], @P@_wide))
            """;
    }

    private static String bf16ToFloats(int lanes) {
        return vectors("@P@_narrow", "uint16_t", lanes, 1) + vectors("@P@_wide", "uint32_t", lanes, 4) + """
            #define @P@_LOAD(w, u, j) ((@P@_u)(__builtin_convertvector( \\
                ((const @P@_narrow*)(w))[(u) * @P@_VECTORS + (j)], @P@_wide) << 16))
            """;
    }

    /** A word of a column holds eight numbers in order, the first one lowest. */
    private static String nibblesToFloats(int lanes) {
        return vectors("@P@_words", "uint32_t", lanes, 4) + vectors("@P@_whole", "int32_t", lanes, 4) + """
            #define @P@_LOAD(w, u, j) (__builtin_convertvector((@P@_whole)(((const @P@_words*)(w))[ \\
                (u) / 8 * @P@_VECTORS + (j)] >> (u) % 8 * 4 & 15) - 8, @P@_u))
            """;
    }

    /** Bytes are whole numbers that bf16 holds exactly. */
    private static String bytesToPairs() {
        return vectors("@P@_narrow", "int8_t", 16, 1) + """
            #define @P@_HALF(w, u, j, h) __builtin_convertvector( \\
                ((const @P@_narrow*)(w))[((u) * @P@_VECTORS + (j)) * 2 + (h)], kiln_f32x16)
            #define @P@_LOAD(w, u, j) ((@P@_u)__builtin_ia32_cvtne2ps2bf16_512(@P@_HALF(w, u, j, 1), @P@_HALF(w, u, j, 0)))
            """;
    }

    /**
     * Four steps of pairs: the lower half of a column's word holds the even numbers, the upper half the odd ones. A table
     * of twice 16 entries makes masking needless: the look-up takes five bits, four of which count.
     */
    private static String nibblesToPairs() {
        return vectors("@P@_halves", "uint16_t", 32, 4) + """
            static const uint16_t @P@_values[32] __attribute__((aligned(64))) = {
              0xc100, 0xc0e0, 0xc0c0, 0xc0a0, 0xc080, 0xc040, 0xc000, 0xbf80,
              0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0,
              0xc100, 0xc0e0, 0xc0c0, 0xc0a0, 0xc080, 0xc040, 0xc000, 0xbf80,
              0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0};
            #define @P@_LOAD(w, u, j) ((@P@_u)__builtin_ia32_permvarhi512((kiln_i16x32)*(const @P@_halves*)@P@_values, \\
                (kiln_i16x32)(((const @P@_halves*)(w))[(u) / 4 * @P@_VECTORS + (j)] >> (u) % 4 * 4)))
            """;
    }
}
