package dev.kiln.kernels.gemm;

import java.util.HashMap;
import java.util.Map;

/**
 * The C that turns a step of a packed panel into what the micro-kernels multiply, for weights that are stored narrower.
 * It runs once for all rows of a task, into memory that stays in the first cache.
 */
final class PanelWidening {
    private static final SourceTemplate WIDEN = SourceTemplate.of(PanelWidening.class, "widen.c.in");
    /** Bytes that the narrow weight is fetched ahead: it streams from memory. */
    private static final int AHEAD = 1536;

    private PanelWidening() {}

    static String render(GemmTypes types, MicroGemm micro, Map<String, Object> holes) {
        if (!types.widensWeight()) {
            return "";
        }
        Map<String, Object> own = new HashMap<>(holes);
        own.put("WIDEN_AHEAD", AHEAD);
        own.put("WIDEN_ROW", row(types, micro).replace("@NR@", Integer.toString(micro.nr())));
        return WIDEN.fill(own);
    }

    private static String row(GemmTypes types, MicroGemm micro) {
        return switch (types.compute()) {
            case BF16_PAIR -> types.weight() == Stored.NIBBLES ? nibblesToPairs() : bytesToPairs();
            case I16_PAIR -> converted(types.weight(), "int16_t", 2 * micro.lanes(), 2 * micro.nr());
            case I32 -> converted(types.weight(), "int32_t", micro.lanes(), micro.nr());
            case F32 -> switch (types.weight()) {
                case NIBBLES -> nibblesToFloats(micro.lanes());
                case BF16 -> bf16ToFloats(micro.lanes());
                default -> converted(types.weight(), "float", micro.lanes(), micro.nr());
            };
            case F64, I64, BYTE_QUAD -> throw new IllegalStateException("nothing is widened to " + types.compute());
        };
    }

    /** Numbers of a whole row from one type to another. */
    private static String converted(Stored from, String to, int lanes, int numbers) {
        String narrow = from == Stored.F16 ? "_Float16" : from.c();
        return """
                {
                      typedef %1$s narrow __attribute__((vector_size(%3$d * sizeof(%1$s)), aligned(1), may_alias));
                      typedef %2$s wide __attribute__((vector_size(%3$d * sizeof(%2$s)), aligned(4), may_alias));
                      _Pragma("clang loop unroll(full)")
                      for (int c = 0; c < %4$d; c += %3$d)
                        *(wide*)((%2$s*)to + c) = __builtin_convertvector(*(const narrow*)((const %1$s*)w + c), wide);
                    }""".formatted(narrow, to, lanes, numbers);
    }

    private static String bf16ToFloats(int lanes) {
        return """
                {
                      typedef uint16_t narrow __attribute__((vector_size(%1$d * 2), aligned(1), may_alias));
                      typedef uint32_t wide __attribute__((vector_size(%1$d * 4), aligned(4), may_alias));
                      _Pragma("clang loop unroll(full)")
                      for (int c = 0; c < @NR@; c += %1$d)
                        *(wide*)(to + c) = __builtin_convertvector(*(const narrow*)(w + c), wide) << 16;
                    }""".formatted(lanes);
    }

    /** Eight rows: a word of a column holds its numbers in order, the first one lowest. */
    private static String nibblesToFloats(int lanes) {
        return """
                {
                      typedef uint32_t words __attribute__((vector_size(%1$d * 4), aligned(4), may_alias));
                      typedef int32_t whole __attribute__((vector_size(%1$d * 4), aligned(4), may_alias));
                      typedef float reals __attribute__((vector_size(%1$d * 4), aligned(4), may_alias));
                      _Pragma("clang loop unroll(full)")
                      for (int c = 0; c < @NR@; c += %1$d) {
                        words v = *(const words*)(w + c);
                        _Pragma("clang loop unroll(full)")
                        for (int k = 0; k < 8; k++, v >>= 4)
                          *(reals*)(to + k * @NR@ + c) = __builtin_convertvector((whole)(v & 15) - 8, reals);
                      }
                    }""".formatted(lanes);
    }

    /** Bytes are whole numbers that bf16 holds exactly. */
    private static String bytesToPairs() {
        return """
                {
                      typedef int8_t bytes __attribute__((vector_size(16), aligned(1), may_alias));
                      _Pragma("clang loop unroll(full)")
                      for (int c = 0; c < @NR@; c += 16) {
                        const kiln_f32x16 low = __builtin_convertvector(*(const bytes*)(w + 2 * c), kiln_f32x16);
                        const kiln_f32x16 high = __builtin_convertvector(*(const bytes*)(w + 2 * c + 16), kiln_f32x16);
                        *(kiln_bf16x32*)(to + c) = __builtin_ia32_cvtne2ps2bf16_512(high, low);
                      }
                    }""";
    }

    /**
     * Four rows of pairs: the lower half of a column's word holds the even numbers, the upper half the odd ones. A table
     * of twice 16 entries makes masking needless: the look-up takes five bits, four of which count.
     */
    private static String nibblesToPairs() {
        return """
                {
                      typedef uint16_t halves __attribute__((vector_size(64), aligned(4), may_alias));
                      static const uint16_t values[32] __attribute__((aligned(64))) = {
                        0xc100, 0xc0e0, 0xc0c0, 0xc0a0, 0xc080, 0xc040, 0xc000, 0xbf80,
                        0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0,
                        0xc100, 0xc0e0, 0xc0c0, 0xc0a0, 0xc080, 0xc040, 0xc000, 0xbf80,
                        0x0000, 0x3f80, 0x4000, 0x4040, 0x4080, 0x40a0, 0x40c0, 0x40e0};
                      const halves table = *(const halves*)values;
                      _Pragma("clang loop unroll(full)")
                      for (int c = 0; c < @NR@; c += 16) {
                        halves v = *(const halves*)(w + c);
                        _Pragma("clang loop unroll(full)")
                        for (int k = 0; k < 4; k++, v >>= 4)
                          *(halves*)(to + k * @NR@ + c) =
                              (halves)__builtin_ia32_permvarhi512((kiln_i16x32)table, (kiln_i16x32)v);
                      }
                    }""";
    }
}
