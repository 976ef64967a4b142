package dev.kiln.kernels.conv;

import dev.kiln.kernels.gemm.CNames;
import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.GemmTypes;
import dev.kiln.kernels.gemm.MicroGemm;
import dev.kiln.kernels.gemm.MicroKernels;
import dev.kiln.kernels.gemm.PackedWeight;

/**
 * One convolution of f32 images with a constant weight, to be rendered; image sizes come at run time.
 *
 * @param name     prefix of every C name of the rendering, a C identifier
 * @param micro    register block
 * @param channels of the input, in one group
 * @param outputs  channels of the output, in one group
 * @param depth    elements of a step along k, at most
 */
public record ConvolutionSpec(String name, MicroGemm micro, Window window, int channels, int outputs,
        int depth) {
    /** Bytes of a worker's window that leave room for weights in L2; windows of one row may take more. */
    public static final long WINDOW_BYTES = 192 * 1024;

    public ConvolutionSpec {
        CNames.requireIdentifier(name);
        if (micro.type() != ElementType.F32) {
            throw new IllegalArgumentException("convolution " + name + " computes in F32, not " + micro.type());
        }
        if (channels < 1 || outputs < 1 || depth < 1) {
            throw new IllegalArgumentException("convolution " + name + " needs channels, outputs and a depth of"
                    + " at least 1, not " + channels + ", " + outputs + ", " + depth);
        }
    }

    /** A depth that keeps a step of one panel within a fifth of L2. */
    public static ConvolutionSpec of(String name, MicroGemm micro, Window window, int channels, int outputs,
            long l2) {
        long most = Math.max(64, l2 / 5 / ((long) micro.nr() * Float.BYTES));
        int run = run(window, channels);
        int steps = (int) Math.ceilDiv(run, most);
        int depth = steps == 1 ? run : Math.ceilDiv(Math.ceilDiv(run, steps), 8) * 8;
        return new ConvolutionSpec(name, micro, window, channels, outputs, depth);
    }

    /** Neighbouring elements of the window that one tap reads: a whole filter row, unless it is dilated. */
    int run() {
        return run(window, channels);
    }

    private static int run(Window window, int channels) {
        return window.dilationW() == 1 ? window.kernelW() * channels : channels;
    }

    int taps() {
        return window.dilationW() == 1 ? window.kernelH() : window.taps();
    }

    long panels() {
        return Math.ceilDiv(outputs, micro.nr());
    }

    /** How the weight [groups * outputs, channels, kernelH, kernelW] is packed. */
    public PackedWeight packing(long groups) {
        return new PackedWeight(micro, GemmTypes.of(micro.type()), outputs, (long) window.taps() * channels, window.taps(), groups);
    }

    /** The micro-kernels that the rendering calls and must be linked with. */
    public MicroKernels microKernels() {
        return new MicroKernels(micro, 0);
    }
}
