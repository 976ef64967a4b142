package dev.kiln.kernels.attention;

import dev.kiln.kernels.gemm.CNames;
import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.MicroGemm;

/**
 * One scaled-dot-product attention to be rendered.
 *
 * @param name       prefix of every C name of the rendering, a C identifier
 * @param micro      register block, F32
 * @param headDim    columns of Q and K, at most {@value #MAX_DIM}
 * @param valueDim   columns of V and the output, at most {@value #MAX_DIM}
 * @param queryBlock queries of a task at most, a multiple of the register block's rows
 * @param keyBlock   keys packed together, a multiple of the register block's columns
 */
public record AttentionSpec(String name, MicroGemm micro, int headDim, int valueDim, int queryBlock,
        int keyBlock) {
    /** Beyond this the packed blocks would no longer fit on a thread's stack. */
    public static final int MAX_DIM = 512;
    private static final int PACKED_FLOATS = 16 * 1024;
    private static final int OUTPUT_FLOATS = 24 * 1024;

    public AttentionSpec {
        CNames.requireIdentifier(name);
        if (micro.type() != ElementType.F32) {
            throw new IllegalArgumentException("attention " + name + " computes in F32, not " + micro.type());
        }
        if (headDim < 1 || valueDim < 1 || headDim > MAX_DIM || valueDim > MAX_DIM) {
            throw new IllegalArgumentException("attention " + name + " needs head sizes of 1 to " + MAX_DIM
                    + ", not " + headDim + ", " + valueDim);
        }
        if (queryBlock < 1 || keyBlock < 1 || queryBlock % micro.mr() != 0 || keyBlock % micro.nr() != 0) {
            throw new IllegalArgumentException("attention blocks " + queryBlock + ", " + keyBlock
                    + " are not multiples of the register block " + micro.mr() + "x" + micro.nr());
        }
    }

    /** Blocks by formula: at most 64 KB each of packed keys and values, 96 KB of output, 192 queries. */
    public static AttentionSpec of(String name, MicroGemm micro, int headDim, int valueDim) {
        int widest = Math.max(headDim, valueDim);
        int keys = Math.clamp(PACKED_FLOATS / widest / micro.nr(), 1, 512 / micro.nr()) * micro.nr();
        int queries = Math.clamp(Math.min(192, OUTPUT_FLOATS / valueDim) / micro.mr(), 1, 192) * micro.mr();
        return new AttentionSpec(name, micro, headDim, valueDim, queries, keys);
    }

    int paddedValueDim() {
        return Math.ceilDiv(valueDim, micro.nr()) * micro.nr();
    }
}
