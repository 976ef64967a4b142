package dev.kiln.kernels.gemm;

import dev.kiln.kernels.runtime.RuntimeHeader;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.SharedCode;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * The micro-kernels of a register block: {@code PREFIX_rows(rows, a, lda, b, next, kc, acc, accumulate)} runs
 * the one for {@code rows} of 1..mr; those for many rows fetch {@code next}, the panel that comes next. They take their
 * sizes at run time, so that one unit of them serves every product, convolution and attention of a graph: they are most
 * of what there is to compile.
 *
 * @param micro     register block and element type
 * @param prefetch  rows of B that the full kernel prefetches ahead, 0 for none
 * @param narrow    types of a product whose weight is widened as it is loaded; empty for one that is loaded as it is
 * @param byColumns whether A is packed, {@code [kc][mr]} for the rows of a tile, instead of row-major
 */
public record MicroKernels(MicroGemm micro, int prefetch, Optional<GemmTypes> narrow, boolean byColumns)
        implements SharedCode {
    private static final SourceTemplate MICRO = SourceTemplate.of(MicroKernels.class, "micro.c.in");
    private static final SourceTemplate TILES = SourceTemplate.of(MicroKernels.class, "tiles.c.in");
    private static final SourceTemplate TILES_HEADER = SourceTemplate.of(MicroKernels.class, "tiles.h");
    private static final SourceTemplate ROW = SourceTemplate.of(MicroKernels.class, "row.c.in");
    /** Rows of B that kernels with few rows prefetch: there, B streams from memory. */
    private static final int SMALL_ROWS_PREFETCH = 16;
    /** Bytes that kernels prefetch which widen a weight: they are meant for one that streams from memory. */
    private static final int STREAM_AHEAD = 2048;

    /** An address is a pointer and at most twice the distance of rows. */
    private static final int ROWS_OF_A_POINTER = 3;

    /** Steps along k in one iteration of the inner loop. */
    static final int UNROLL = 4;

    public MicroKernels {
        if (byColumns && micro.tiles()) {
            throw new IllegalArgumentException("tiles are loaded by rows");
        }
    }

    public MicroKernels(MicroGemm micro, int prefetch) {
        this(micro, prefetch, Optional.empty(), false);
    }

    /** The same for an A that is packed by columns. */
    MicroKernels ofColumns() {
        return new MicroKernels(micro, prefetch, narrow, true);
    }

    /** Prefix of the C names. */
    public String prefix() {
        return (micro.tiles() ? "kiln_tiles_" : "kiln_micro_") + micro.type().name().toLowerCase(Locale.ROOT) + "_" + micro.mr() + "x"
                + micro.nr() + "_v" + micro.vectorBytes()
                + narrow.map(t -> "_" + t.weight().name().toLowerCase(Locale.ROOT)).orElse("") + (byColumns ? "_columns" : "")
                + (prefetch > 0 ? "_p" + prefetch : "");
    }

    /** The holes every template around these micro-kernels shares. */
    public Map<String, Object> holes(String name) {
        Map<String, Object> holes = new HashMap<>();
        holes.put("NAME", name);
        holes.put("MICRO", prefix());
        holes.put("ELEM", micro.type().c());
        holes.put("ACC", micro.type().accumulator());
        holes.put("SCALAR", micro.type().arithmetic());
        holes.put("ELEM_BYTES", micro.type().bytes());
        holes.put("VBYTES", micro.vectorBytes());
        holes.put("MR", micro.mr());
        holes.put("NR", micro.nr());
        holes.put("NV", micro.vectorsPerRow());
        holes.put("LANES", micro.lanes());
        holes.put("FMA", micro.type().multiplyAdd(micro.vectorBytes()));
        holes.put("UNROLL", UNROLL);
        holes.put("CHAIN_SLOTS", chainSlots());
        holes.put("BASE_ROWS", byColumns ? micro.mr() : ROWS_OF_A_POINTER);
        holes.put("ROW_STEP", byColumns ? "1" : "lda");
        holes.put("COLUMN_STEP", byColumns ? micro.mr() : 1);
        return holes;
    }

    /** What a template needs before it: {@code PREFIX_v} and {@code PREFIX_rows}. A second copy is harmless. */
    public String declarations() {
        String elem = micro.type().c();
        String packed = packedType();
        StringBuilder c = new StringBuilder("#ifndef " + prefix() + "_declared\n#define " + prefix()
                + "_declared\n" + vectorType());
        String parameters = "const " + elem + "* a, int64_t lda, const " + packed + "* b,\n    const " + packed
                + "* next, int64_t kc, " + micro.type().accumulator() + "* acc, int32_t accumulate";
        for (int rows : rowCounts()) {
            c.append("__attribute__((visibility(\"hidden\"))) void ").append(prefix()).append("_micro_")
                    .append(rows).append('(').append(parameters).append(");\n");
        }
        if (micro.tiles()) {
            c.append(("__attribute__((visibility(\"hidden\"))) void %1$s_begin(void);\n"
                    + "__attribute__((visibility(\"hidden\"))) void %1$s_end(void);\n").formatted(prefix()));
        }
        c.append(dispatch(prefix() + "_rows", "_micro_", parameters, "(a, lda, b, next, kc, acc, accumulate)"));
        return c.append(groupDeclarations()).append("#endif\n").toString();
    }

    /** The C type that packed panels are read by. */
    private String packedType() {
        return narrow.map(GemmTypes::packedType).orElse(micro.type().c());
    }

    private String load() {
        return narrow.map(t -> NarrowWeight.load(prefix(), t, micro)).orElse("#define " + prefix()
            + "_LOAD(b, u, j) (*(const " + prefix() + "_u*)((b) + (u) * " + micro.nr() + " + (j) * " + micro.lanes() + "))\n");
    }

    /** Row counts that have a kernel; fewer rows than the least above are multiplied by it as well. */
    private int[] rowCounts() {
        return micro.tiles() ? new int[] {MicroGemm.TILE, micro.mr()}
                : IntStream.rangeClosed(1, micro.mr()).toArray();
    }

    private String vectorType() {
        String attributes = " __attribute__((vector_size(" + micro.vectorBytes() + "), aligned(" + micro.type().bytes()
                + "), may_alias));\n";
        return "typedef " + micro.type().sums() + " " + prefix() + "_v" + attributes + "typedef "
                + micro.type().arithmetic() + " " + prefix() + "_u" + attributes;
    }

    /** The kernels that take all groups of a row in one go, {@code PREFIX_group_rows}. */
    private String groupDeclarations() {
        if (!takesGroups()) {
            return "";
        }
        String parameters = "const " + micro.type().c() + "* a, int64_t lda, const " + packedType()
            + "* b, int64_t kc,\n    int64_t groups, const float* scales, const float* sums, float* acc";
        StringBuilder c = new StringBuilder();
        for (int rows : rowCounts()) {
            c.append("__attribute__((visibility(\"hidden\"))) void ").append(prefix()).append("_groups_").append(rows)
                .append('(').append(parameters).append(");\n");
        }
        return c + dispatch(prefix() + "_group_rows", "_groups_", parameters, "(a, lda, b, kc, groups, scales, sums, acc)");
    }

    private boolean takesGroups() {
        return narrow.filter(t -> t.weight() == Stored.NIBBLES).isPresent();
    }

    private String dispatch(String name, String kind, String parameters, String arguments) {
        StringBuilder c = new StringBuilder("static inline __attribute__((always_inline)) void " + name
                + "(int64_t rows, " + parameters + ") {\n  switch (rows) {\n");
        int[] counts = rowCounts();
        for (int i = 0; i < counts.length - 1; i++) {
            c.append("    case ").append(i == 0 ? 1 : counts[i - 1] + 1).append(" ... ").append(counts[i]).append(": ")
                .append(prefix()).append(kind).append(counts[i]).append(arguments).append("; break;\n");
        }
        return c.append("    default: ").append(prefix()).append(kind).append(counts[counts.length - 1]).append(arguments)
                .append(";\n  }\n}\n").toString();
    }

    /** Defines the kernels, to be linked with what was rendered around them. */
    @Override
    public CompileUnit unit() {
        return new CompileUnit(prefix(), RuntimeHeader.text() + GemmTemplate.prelude() + vectorType() + definitions());
    }

    private String definitions() {
        Map<String, Object> holes = holes(prefix());
        if (micro.tiles()) {
            holes.put("DOT", "KILN_TILE_" + micro.type().name());
            return TILES_HEADER.fill(Map.of()) + TILES.fill(holes);
        }
        holes.put("W", packedType());
        holes.put("LOAD", load());
        holes.put("STEP_BYTES", narrow.map(t -> t.rowBytes(micro)).orElse(micro.nr() * micro.type().bytes()));
        StringBuilder c = new StringBuilder(MICRO.fill(holes));
        for (int rows = 1; rows <= micro.mr(); rows++) {
            int chains = micro.chains(rows);
            holes.put("GROUPS", takesGroups() ? 1 : 0);
            holes.put("ROWS", rows);
            holes.put("CHAINS", chains);
            holes.put("UNROLL", Math.max(unroll(), chains));
            holes.put("AHEAD", narrow.isPresent() ? STREAM_AHEAD / narrow.get().rowBytes(micro)
                : rows == micro.mr() || prefetch > 0 ? prefetch : SMALL_ROWS_PREFETCH);
            holes.put("LOOKAHEAD", 2 * rows >= micro.mr() ? 1 : 0);
            c.append(ROW.fill(holes));
        }
        return c.toString();
    }

    /** A step of the loop takes whole packed rows. */
    private int unroll() {
        return Math.max(UNROLL, narrow.map(t -> t.packedDepth() / t.compute().depth()).orElse(1));
    }

    private int chainSlots() {
        int most = 0;
        for (int rows = 1; rows <= micro.mr(); rows++) {
            most = Math.max(most, rows * micro.chains(rows) * micro.vectorsPerRow());
        }
        return most;
    }
}
