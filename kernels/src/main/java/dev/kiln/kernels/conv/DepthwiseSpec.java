package dev.kiln.kernels.conv;

import dev.kiln.kernels.gemm.CNames;
import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.MicroGemm;
import dev.kiln.kernels.gemm.PackedWeight;

/**
 * One depthwise convolution of f32 images with a constant weight [channels, 1, kernelH, kernelW], to be rendered.
 *
 * @param name        prefix of every C name of the rendering, a C identifier
 * @param vectorBytes size of one vector register
 * @param tile        pixels of a row taken together, 1 to {@value #MAX_TILE}
 */
public record DepthwiseSpec(String name, int vectorBytes, Window window, int channels, int tile) {
    static final int VECTORS = 2;
    static final int MAX_TILE = 8;
    /** Channels of a panel at most, on any machine. */
    public static final int MAX_WIDTH = VECTORS * 64 / Float.BYTES;

    public DepthwiseSpec {
        CNames.requireIdentifier(name);
        if (channels < 1 || tile < 1 || tile > MAX_TILE || vectorBytes % Float.BYTES != 0) {
            throw new IllegalArgumentException("depthwise convolution " + name + ": " + channels + " channels, "
                    + tile + " pixels of vectors of " + vectorBytes + " bytes");
        }
    }

    /** The tile that divides rows of output of that length best; with few registers half of it. */
    public static DepthwiseSpec of(String name, int vectorBytes, Window window, int channels, long columns) {
        int most = vectorBytes == 64 ? MAX_TILE : MAX_TILE / 2;
        long tile = Math.ceilDiv(columns, Math.ceilDiv(columns, most));
        return new DepthwiseSpec(name, vectorBytes, window, channels, (int) tile);
    }

    /** Channels of a panel. */
    public int nr() {
        return VECTORS * vectorBytes / Float.BYTES;
    }

    /** How the weight is packed. */
    public PackedWeight packing() {
        return new PackedWeight(new MicroGemm(ElementType.F32, 1, nr(), vectorBytes), channels, window.taps());
    }
}
