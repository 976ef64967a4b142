package dev.kiln.kernels.conv;

/**
 * How a two-dimensional convolution reads its input.
 *
 * @param kernelH  rows of the filter
 * @param kernelW  columns of the filter
 * @param padH     rows of zeros before the first row of the input
 * @param padW     columns of zeros before the first column
 */
public record Window(int kernelH, int kernelW, int strideH, int strideW, int padH, int padW, int dilationH,
        int dilationW) {
    public Window {
        if (kernelH < 1 || kernelW < 1 || strideH < 1 || strideW < 1 || padH < 0 || padW < 0 || dilationH < 1
                || dilationW < 1) {
            throw new IllegalArgumentException("no window: kernel " + kernelH + "x" + kernelW + ", stride "
                    + strideH + "x" + strideW + ", padding " + padH + "x" + padW + ", dilation " + dilationH
                    + "x" + dilationW);
        }
    }

    public int taps() {
        return kernelH * kernelW;
    }

    /** Rows of the input from the first to the last that one row of output reads; those between count. */
    int spanH() {
        return (kernelH - 1) * dilationH + 1;
    }

    int spanW() {
        return (kernelW - 1) * dilationW + 1;
    }

    /** Rows of the packed window between two rows of output: a filter of one row packs only what it reads. */
    int rowStep() {
        return kernelH == 1 ? 1 : strideH;
    }

    int columnStep() {
        return kernelW == 1 ? 1 : strideW;
    }

    @Override
    public String toString() {
        return kernelH + "x" + kernelW + "_s" + strideH + "x" + strideW + "_p" + padH + "x" + padW + "_d"
                + dilationH + "x" + dilationW;
    }
}
