package dev.kiln.kernels.gemm;

import java.util.HashMap;
import java.util.Map;

/**
 * Renders the micro-kernels of a register block as C: {@code NAME_rows(rows, a, lda, b, next, kc, acc,
 * accumulate)} runs the one for {@code rows} of 1..mr. Shared by the products with constant and with run-time
 * B, and by attention.
 */
public final class MicroSource {
    private static final SourceTemplate MICRO = SourceTemplate.of(MicroSource.class, "micro.c.in");
    private static final SourceTemplate ROW = SourceTemplate.of(MicroSource.class, "row.c.in");
    /** Rows of B that kernels with few rows prefetch: there, B streams from memory. */
    private static final int SMALL_ROWS_PREFETCH = 16;

    /** Steps along k in one iteration of the inner loop. */
    static final int UNROLL = 4;

    private MicroSource() {}

    /** The holes every template around this micro-kernel shares. */
    public static Map<String, Object> holes(String name, MicroGemm micro) {
        Map<String, Object> holes = new HashMap<>();
        holes.put("NAME", name);
        holes.put("ELEM", micro.type().c());
        holes.put("SCALAR", micro.type().arithmetic());
        holes.put("ELEM_BYTES", micro.type().bytes());
        holes.put("VBYTES", micro.vectorBytes());
        holes.put("MR", micro.mr());
        holes.put("NR", micro.nr());
        holes.put("NV", micro.vectorsPerRow());
        holes.put("LANES", micro.lanes());
        holes.put("FMA", micro.type().isInteger() ? "KILN_MULTIPLY_ADD" : "KILN_FMA");
        holes.put("UNROLL", UNROLL);
        holes.put("CHAIN_SLOTS", chainSlots(micro));
        return holes;
    }

    /**
     * Renders the kernels.
     *
     * @param prefetch  rows of B the full kernel prefetches ahead, 0 for none
     * @param lookahead whether the full kernel fetches the panel that comes next
     */
    public static String render(String name, MicroGemm micro, int prefetch, boolean lookahead) {
        Map<String, Object> holes = holes(name, micro);
        StringBuilder c = new StringBuilder(MICRO.fill(holes));
        for (int rows = 1; rows <= micro.mr(); rows++) {
            int chains = micro.chains(rows);
            holes.put("ROWS", rows);
            holes.put("CHAINS", chains);
            holes.put("UNROLL", Math.max(UNROLL, chains));
            holes.put("AHEAD", rows == micro.mr() || prefetch > 0 ? prefetch : SMALL_ROWS_PREFETCH);
            holes.put("LOOKAHEAD", lookahead && rows == micro.mr() ? 1 : 0);
            c.append(ROW.fill(holes));
        }
        return c.append(dispatch(name, micro)).toString();
    }

    private static String dispatch(String name, MicroGemm micro) {
        String elem = micro.type().c();
        String parameters = "const " + elem + "* a, int64_t lda, const " + elem + "* b,\n    const " + elem
                + "* next, int64_t kc, " + elem + "* acc, int32_t accumulate";
        String arguments = "(a, lda, b, next, kc, acc, accumulate)";
        StringBuilder c = new StringBuilder("static inline __attribute__((always_inline)) void " + name
                + "_rows(int64_t rows, " + parameters + ") {\n  switch (rows) {\n");
        for (int rows = 1; rows < micro.mr(); rows++) {
            c.append("    case ").append(rows).append(": ").append(name).append("_micro_").append(rows)
                    .append(arguments).append("; break;\n");
        }
        return c.append("    default: ").append(name).append("_micro_").append(micro.mr()).append(arguments)
                .append(";\n  }\n}\n").toString();
    }

    private static int chainSlots(MicroGemm micro) {
        int most = 0;
        for (int rows = 1; rows <= micro.mr(); rows++) {
            most = Math.max(most, rows * micro.chains(rows) * micro.vectorsPerRow());
        }
        return most;
    }
}
