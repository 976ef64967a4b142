package dev.kiln.kernels.gemm;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Renders a matrix product with a packed B as C.
 *
 * <p>The rendering needs {@code stdint} names and the types of the native calling convention before it, and
 * it calls {@code NAME_epilogue} (see {@link GemmEpilogue}), which the caller defines before it. It defines
 * {@snippet lang = c :
 * static void NAME(const kiln_call* call, const A* a, int64_t lda, const void* packed, const void* scales,
 *     void* scratch, int64_t scratch_bytes, int64_t M, void* epilogue_ctx);
 * }
 * A is row-major with leading dimension {@code lda} in numbers, {@code packed} is laid out by {@link
 * PackedWeight} for the same register block, {@code scales} belong to {@link GemmSpec.Groups}, and each worker has
 * {@link GemmSpec#scratchBytes()} at a multiple of {@code scratch_bytes}; both may be null where nothing needs them.
 * Work is split by {@code parallel_for} into blocks of rows and columns.
 *
 * <p>Where {@link GemmSpec.Layout} says so, A lies by columns, {@code lda} apart; and a B that comes at run time is packed
 * first, into {@link GemmSpec#panelBytes()}, by
 * {@snippet lang = c :
 * static void NAME_right(const kiln_call* call, const B* b, int64_t ldb, void* packed, int64_t first, int64_t end);
 * static void NAME_over(..., void* epilogue_ctx, int64_t first, int64_t end);
 * }
 * all panels at once, or some after the other into the same memory, each time followed by their product.
 */
public final class GemmTemplate {
    private static final SourceTemplate GEMM = SourceTemplate.of(GemmTemplate.class, "gemm.c.in");
    private static final SourceTemplate PRELUDE = SourceTemplate.of(GemmTemplate.class, "prelude.h");
    private static final SourceTemplate WIDEN = SourceTemplate.of(GemmTemplate.class, "widen.c.in");
    private static final int TASKS_PER_THREAD = 4;
    /** Bytes that a narrow weight is fetched ahead: it streams from memory. */
    private static final int WIDEN_AHEAD = 1536;

    private GemmTemplate() {}

    /** Macros that renderings share. Every rendering begins with it; a second copy is harmless. */
    public static String prelude() {
        return PRELUDE.fill(Map.of());
    }

    /** The micro-kernels that the rendering calls and must be linked with. */
    public static MicroKernels microKernels(GemmSpec spec) {
        return new MicroKernels(spec.micro(), spec.blocking().prefetch(),
            spec.widening() == GemmSpec.Widening.IN_REGISTERS ? Optional.of(spec.types()) : Optional.empty(),
            spec.packsColumns());
    }

    public static String render(GemmSpec spec) {
        MicroKernels kernels = microKernels(spec);
        Map<String, Object> holes = kernels.holes(spec.name());
        addTypes(spec, holes);
        addSizes(spec, holes);
        holes.put("WIDEN", widen(spec, holes));
        String left = spec.packsColumns() ? new Packing(spec.name() + "_left", spec.micro(), spec.types().input(),
            spec.micro().mr()).render(Packing.Form.ALONG) : "";
        return prelude() + kernels.declarations() + left + GEMM.fill(holes)
            + spec.layout().tensor().map(t -> Packing.right(spec, t)).orElse("");
    }

    /** The function that widens a step of a panel, if one is needed. */
    private static String widen(GemmSpec spec, Map<String, Object> holes) {
        if (spec.widening() != GemmSpec.Widening.IN_PANELS) {
            return "";
        }
        Map<String, Object> own = new HashMap<>(holes);
        own.put("WIDEN_AHEAD", WIDEN_AHEAD);
        own.put("LOAD", "typedef " + spec.micro().type().arithmetic() + " " + spec.name() + "_u __attribute__((vector_size("
            + spec.micro().vectorBytes() + "), aligned(4), may_alias));\n"
            + NarrowWeight.load(spec.name(), spec.types(), spec.micro()));
        return WIDEN.fill(own);
    }

    private static void addTypes(GemmSpec spec, Map<String, Object> holes) {
        GemmTypes types = spec.types();
        boolean widens = types.widensWeight();
        holes.put("A", types.input().c());
        holes.put("N_A", multiplied(spec.micro().type()));
        holes.put("FROM_A", types.shiftsInput() ? "0x80 ^ (uint8_t)" : conversion(types.input(), spec.micro().type()));
        holes.put("FLOAT_FROM_A", conversion(types.input(), ElementType.F32));
        holes.put("W", types.packedType());
        holes.put("PER_PACKED", types.packedDepth() / types.compute().depth());
        holes.put("PACKED_ITEMS", widens && types.weight() != Stored.NIBBLES ? types.packedDepth() : 1);
        holes.put("S", spec.groups().stored().c());
        holes.put("FROM_S", conversion(spec.groups().stored(), ElementType.F32));
        holes.put("PAIRS_IN_WORDS", spec.groups().stored() == Stored.BF16 ? 1 : 0);
        holes.put("COPIES", spec.copies() ? 1 : 0);
        holes.put("COLUMNS", spec.packsColumns() ? 1 : 0);
        holes.put("A_ROW", spec.layout().byColumns() ? "1" : "lda");
        holes.put("A_STEP", spec.layout().byColumns() ? "lda" : "1");
        holes.put("WIDENS", spec.widening() == GemmSpec.Widening.IN_PANELS ? 1 : 0);
        holes.put("STREAMS", spec.widening() == GemmSpec.Widening.NONE ? 0 : 1);
        holes.put("SHIFTS", types.shiftsInput() ? 1 : 0);
        holes.put("GROUP", spec.groups().size());
        holes.put("TILES", spec.micro().tiles() ? 1 : 0);
    }

    /** The C type of the numbers that make up an element. */
    static String multiplied(ElementType type) {
        return switch (type) {
            case BF16_PAIR -> "uint16_t";
            case I16_PAIR -> "int16_t";
            case BYTE_QUAD -> "uint8_t";
            case F32, F64, I32, I64 -> type.c();
        };
    }

    static String conversion(Stored from, ElementType to) {
        boolean floats = to == ElementType.F32;
        return floats && from == Stored.BF16 ? "kiln_f32_of_bf16" : floats && from == Stored.F16 ? "kiln_f32_of_f16"
            : "";
    }

    private static void addSizes(GemmSpec spec, Map<String, Object> holes) {
        MicroGemm micro = spec.micro();
        GemmBlocking blocking = spec.blocking();
        int tail = (int) (spec.n() % micro.nr());
        int ncPanels = (int) Math.min(blocking.nc() / micro.nr(), spec.panels());
        holes.put("N", spec.n());
        holes.put("K", spec.k());
        holes.put("KU", spec.elements());
        holes.put("DEPTH", micro.type().depth());
        holes.put("PANELS", spec.panels());
        holes.put("FULL_PANELS", spec.n() / micro.nr());
        holes.put("TAIL_COLS", tail == 0 ? micro.nr() : tail);
        holes.put("MC", blocking.mc());
        holes.put("MC_TILES", blocking.mc() / micro.mr());
        holes.put("NC", ncPanels);
        holes.put("KC", Math.min(blocking.kc(), spec.elements()));
        holes.put("PART_TILES", partTiles(spec));
        holes.put("SHARES", Math.max(1, MicroKernels.UNROLL * spec.types().rowBytes(micro) / 128));
        holes.put("TASKS_PER_THREAD", TASKS_PER_THREAD);
        holes.put("COPY_BYTES", spec.copyBytes());
        holes.put("SUM_BYTES", spec.sumBytes());
        holes.put("SCALE_BYTES", spec.scaleBytes());
    }

    /** Tiles that wait for the next step along k. Widened panels are used for all steps one after the other. */
    private static int partTiles(GemmSpec spec) {
        GemmBlocking blocking = spec.blocking();
        if (blocking.kc() >= spec.elements()) {
            return 1;
        }
        int panels = spec.widening() != GemmSpec.Widening.NONE ? 1
            : (int) Math.min(blocking.nc() / spec.micro().nr(), spec.panels());
        return blocking.mc() / spec.micro().mr() * panels;
    }

    /** Bytes of stack one task of the rendering takes at most, for sizing the stacks of pool threads. */
    public static long stackBytes(GemmSpec spec) {
        long tile = (long) spec.micro().mr() * spec.micro().nr() * spec.elementType().bytes();
        return (partTiles(spec) + 1) * tile + spec.elements() * spec.elementType().bytes() + 4096;
    }
}
