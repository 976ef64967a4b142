package dev.kiln.kernels.gemm;

import java.util.Map;

/**
 * Renders a matrix product with a constant, packed B as C.
 *
 * <p>The rendering needs {@code stdint} names and the types of the native calling convention before it, and
 * it calls {@code NAME_epilogue} (see {@link GemmEpilogue}), which the caller defines before it. It defines
 * {@snippet lang = c :
 * static void NAME(const kiln_call* call, const E* A, int64_t lda, const E* Bpacked, int64_t M,
 *     void* epilogue_ctx);
 * }
 * A is row-major with leading dimension {@code lda} in elements, {@code Bpacked} is laid out by {@link
 * PackedWeight} for the same register block. Work is split by {@code parallel_for} into blocks of rows and
 * columns.
 */
public final class GemmTemplate {
    private static final SourceTemplate GEMM = SourceTemplate.of(GemmTemplate.class, "gemm.c.in");
    private static final SourceTemplate PRELUDE = SourceTemplate.of(GemmTemplate.class, "prelude.h");
    private static final int TASKS_PER_THREAD = 4;

    private GemmTemplate() {}

    /** Macros that renderings share. Every rendering begins with it; a second copy is harmless. */
    public static String prelude() {
        return PRELUDE.fill(Map.of());
    }

    /** The micro-kernels that the rendering calls and must be linked with. */
    public static MicroKernels microKernels(GemmSpec spec) {
        return new MicroKernels(spec.micro(), spec.blocking().prefetch());
    }

    public static String render(GemmSpec spec) {
        MicroGemm micro = spec.micro();
        GemmBlocking blocking = spec.blocking();
        int tail = (int) (spec.n() % micro.nr());
        int mcTiles = blocking.mc() / micro.mr();
        int ncPanels = (int) Math.min(blocking.nc() / micro.nr(), spec.panels());
        MicroKernels kernels = microKernels(spec);
        Map<String, Object> holes = kernels.holes(spec.name());
        holes.put("N", spec.n());
        holes.put("K", spec.k());
        holes.put("PANELS", spec.panels());
        holes.put("FULL_PANELS", spec.n() / micro.nr());
        holes.put("TAIL_COLS", tail == 0 ? micro.nr() : tail);
        holes.put("MC", blocking.mc());
        holes.put("MC_TILES", mcTiles);
        holes.put("NC", ncPanels);
        holes.put("KC", Math.min(blocking.kc(), spec.k()));
        holes.put("PART_TILES", blocking.kc() < spec.k() ? mcTiles * ncPanels : 1);
        holes.put("SHARES", Math.max(1, MicroKernels.UNROLL * micro.nr() * micro.type().bytes() / 128));
        holes.put("TASKS_PER_THREAD", TASKS_PER_THREAD);
        return prelude() + kernels.declarations() + GEMM.fill(holes);
    }

    /** Bytes of stack one task of the rendering takes at most, for sizing the stacks of pool threads. */
    public static long stackBytes(GemmSpec spec) {
        GemmBlocking blocking = spec.blocking();
        long tile = (long) spec.micro().mr() * spec.micro().nr();
        long block = blocking.kc() < spec.k() ? (long) blocking.mc() * blocking.nc() : tile;
        return block * spec.elementType().bytes() + 4096;
    }
}
