package dev.kiln.kernels.gemm;

import dev.kiln.kernels.runtime.RuntimeHeader;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.SharedCode;
import java.util.Locale;
import java.util.Map;

/**
 * Renders a batched matrix product of run-time tensors, {@code C[b] = A[b] * B[b]}, as C: every size and
 * stride comes at run time, both operands may be transposed or broadcast. The rendering needs what {@link
 * GemmTemplate} needs, its epilogue takes the batch index as well (see {@link GemmEpilogue}), and it defines
 * {@snippet lang = c :
 * static void NAME(const kiln_call* call, const E* A, const int64_t* a_strides, const E* B,
 *     const int64_t* b_strides, int64_t outer, int64_t inner, int64_t M, int64_t N, int64_t K,
 *     void* epilogue_ctx);
 * }
 * As {@link #shared shared code} it stores the product, and is called by the function of {@link #declaration}. There are
 * {@code outer * inner} batches; the strides, in elements, are {outer batch, inner batch, row, column} of A [M, K] and of
 * B [K, N]. With {@code K == 0} the product is zero. Scratch is on the stack.
 *
 * @param name  prefix of every C name of the rendering, a C identifier
 * @param micro register block and element type
 * @param mc    rows of a task at most, a multiple of the register block's rows
 * @param nc    columns of a task at most, a multiple of the register block's columns
 * @param kc    depth of a step
 */
public record BatchedGemm(String name, MicroGemm micro, int mc, int nc, int kc) implements SharedCode {
    private static final SourceTemplate BATCHED = SourceTemplate.of(BatchedGemm.class, "batched.c.in");
    private static final int ROWS = 144;
    private static final int COLUMNS = 96;
    private static final int DEPTH_BYTES = 1024;
    private static final int TASKS_PER_THREAD = 4;

    public BatchedGemm {
        CNames.requireIdentifier(name);
        if (mc < 1 || nc < 1 || kc < 1 || mc % micro.mr() != 0 || nc % micro.nr() != 0) {
            throw new IllegalArgumentException("blocking " + mc + "x" + nc + "x" + kc
                    + " is not a positive multiple of the register block " + micro.mr() + "x" + micro.nr());
        }
    }

    /** Blocks that fit L2 and a quarter megabyte of stack on any machine. */
    public static BatchedGemm of(String name, MicroGemm micro) {
        return new BatchedGemm(name, micro, Math.max(1, ROWS / micro.mr()) * micro.mr(),
                Math.max(1, COLUMNS / micro.nr()) * micro.nr(), DEPTH_BYTES / micro.type().bytes());
    }

    /** The product that all kernels of a graph share: a name of its own. */
    public static BatchedGemm shared(MicroGemm micro) {
        return of("kiln_batched_" + micro.type().name().toLowerCase(Locale.ROOT) + "_" + micro.mr() + "x" + micro.nr() + "_v"
            + micro.vectorBytes(), micro);
    }

    /**
     * The function of the {@link #unit}: a product whose element (batch, m, n) is stored at
     * {@code C[batch * ldb + m * ldc + n]}.
     */
    public String declaration() {
        return """
            __attribute__((visibility("hidden"))) void %1$s_store_to(const kiln_call* call, const %2$s* A,
                const int64_t* a_strides, const %2$s* B, const int64_t* b_strides, int64_t outer, int64_t inner, int64_t M,
                int64_t N, int64_t K, %2$s* C, int64_t ldb, int64_t ldc)""".formatted(name, micro.type().c());
    }

    @Override
    public CompileUnit unit() {
        return new CompileUnit(name, RuntimeHeader.text() + GemmEpilogue.batchedStore(name, micro.type()) + render()
            + declaration() + " {\n  " + name + "_store store = {C, ldb, ldc};\n  " + name
            + "(call, A, a_strides, B, b_strides, outer, inner, M, N, K, &store);\n}\n");
    }

    /** The micro-kernels that the rendering calls and must be linked with. */
    public MicroKernels microKernels() {
        return new MicroKernels(micro, 0);
    }

    public String render() {
        Map<String, Object> holes = microKernels().holes(name);
        holes.put("MC", mc);
        holes.put("NC", nc);
        holes.put("KC", kc);
        holes.put("TASKS_PER_THREAD", TASKS_PER_THREAD);
        holes.put("SQUARES", new Packing(name + "_squares", micro, Stored.valueOf(micro.type().name()), micro.nr())
            .render(Packing.Form.values()));
        return GemmTemplate.prelude() + microKernels().declarations() + BATCHED.fill(holes);
    }

    /** Bytes of stack one task takes at most, for sizing the stacks of pool threads. */
    public long stackBytes() {
        return ((long) kc * nc + (long) mc * kc + (long) mc * nc) * micro.type().bytes() + 4096;
    }
}
