package dev.kiln.kernels.attention;

import dev.kiln.kernels.gemm.GemmTemplate;
import dev.kiln.kernels.gemm.MicroKernels;
import dev.kiln.kernels.gemm.Packing;
import dev.kiln.kernels.gemm.SourceTemplate;
import dev.kiln.kernels.gemm.Stored;
import java.util.Map;

/**
 * Renders fused attention for inference, {@code out = softmax(scale * Q K^T + mask) V}, as C. It needs the
 * types of the native calling convention before it and defines
 * {@snippet lang = c :
 * static void NAME(const kiln_call* call, const float* q, const int64_t* q_strides,
 *     const float* k, const int64_t* k_strides, const float* v, const int64_t* v_strides,
 *     const float* mask, const int64_t* mask_strides, float* out, const int64_t* out_strides,
 *     int64_t batches, int64_t heads, int64_t queries, int64_t keys, float scale);
 * }
 * Each strides array has four entries in elements: batch, head, row (query or key) and column; those of the
 * mask are batch, head, query and key, zero where it broadcasts. {@code mask} may be null. A row whose scores
 * are all -inf gives NaN, as the unfused formula does. The scores are never stored in full; scratch is on the
 * stack.
 */
public final class AttentionTemplate {
    private static final SourceTemplate ATTENTION = SourceTemplate.of(AttentionTemplate.class,
            "attention.c.in");

    private AttentionTemplate() {}

    /** The micro-kernels that the rendering calls and must be linked with. */
    public static MicroKernels microKernels(AttentionSpec spec) {
        return new MicroKernels(spec.micro(), 0);
    }

    public static String render(AttentionSpec spec) {
        Map<String, Object> holes = microKernels(spec).holes(spec.name());
        holes.put("HEAD", spec.headDim());
        holes.put("VALUE", spec.valueDim());
        holes.put("VALUE_PADDED", spec.paddedValueDim());
        holes.put("QB", spec.queryBlock());
        holes.put("KB", spec.keyBlock());
        return GemmTemplate.prelude() + microKernels(spec).declarations()
                + Packing.across(spec.name() + "_keys", spec.micro(), Stored.F32) + ATTENTION.fill(holes);
    }

    /** Bytes of stack one task takes at most, for sizing the stacks of pool threads. */
    public static long stackBytes(AttentionSpec spec) {
        long block = (long) spec.keyBlock() * (spec.headDim() + spec.paddedValueDim()
                + 2L * spec.micro().mr());
        long output = (long) spec.queryBlock() * (spec.paddedValueDim() + 2)
                + (long) spec.micro().mr() * spec.headDim();
        return (block + output) * Float.BYTES + 4096;
    }
}
