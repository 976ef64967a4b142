package dev.kiln.ops.interpreter;

import dev.kiln.ops.aten.ComplexOps;
import dev.kiln.ops.graph.ConstantValue;

/** Fourier transforms by their definition: every element of the result is a sum over the line. */
final class FourierKernel {
    private final ConstantValue self;
    private final ConstantValue out;
    private final String op;
    private final boolean inverse;
    private final long size;

    private FourierKernel(Frame frame) {
        self = frame.value(0);
        out = frame.allocate(0);
        op = frame.op().name();
        inverse = op.equals(ComplexOps.TO_REALS) || op.equals(ComplexOps.TRANSFORM) && frame.args().bool(3);
        int dim = dim(frame);
        size = (op.equals(ComplexOps.TO_REALS) ? out : self).sizes().get(dim);
    }

    private static int dim(Frame frame) {
        boolean pairs = !frame.op().name().equals(ComplexOps.OF_REALS);
        return frame.args().dim(2, frame.value(0).sizes().size() - (pairs ? 1 : 0));
    }

    static ConstantValue run(Frame frame) {
        FourierKernel kernel = new FourierKernel(frame);
        int dim = dim(frame);
        long inner = 1;
        for (int d = dim + 1; d < (kernel.op.equals(ComplexOps.TO_REALS) ? kernel.out : kernel.self).sizes().size(); d++) {
            inner *= (kernel.op.equals(ComplexOps.TO_REALS) ? kernel.out : kernel.self).sizes().get(d);
        }
        long width = kernel.op.equals(ComplexOps.TRANSFORM) ? inner / 2 : inner;
        long from = kernel.self.sizes().get(dim);
        long to = kernel.out.sizes().get(dim);
        long outer = kernel.out.numel() == 0 ? 0
            : kernel.out.numel() / (to * width * (kernel.op.equals(ComplexOps.TO_REALS) ? 1 : 2));
        for (long line = 0; line < outer * width; line++) {
            long before = line / width;
            long after = line % width;
            kernel.line(before * from * width + after, before * to * width + after, width, from, to);
        }
        return kernel.out;
    }

    /** @param step elements (numbers or pairs) between neighbours of a line */
    private void line(long first, long target, long step, long from, long to) {
        for (long k = 0; k < to; k++) {
            double real = 0;
            double imaginary = 0;
            for (long j = 0; j < size; j++) {
                double angle = (inverse ? 2 : -2) * Math.PI * ((j * k) % size) / size;
                double[] x = element(first, step, from, j);
                real += x[0] * Math.cos(angle) - x[1] * Math.sin(angle);
                imaginary += x[0] * Math.sin(angle) + x[1] * Math.cos(angle);
            }
            long at = target + k * step;
            if (op.equals(ComplexOps.TO_REALS)) {
                out.set(at, real);
            } else {
                out.set(2 * at, real);
                out.set(2 * at + 1, imaginary);
            }
        }
    }

    /** Element j of a line; of a spectrum of reals the second half is the first one mirrored. */
    private double[] element(long first, long step, long from, long j) {
        if (op.equals(ComplexOps.OF_REALS)) {
            return new double[] {self.doubleAt(first + j * step), 0};
        }
        boolean mirrored = op.equals(ComplexOps.TO_REALS) && j >= from;
        long at = first + (mirrored ? size - j : j) * step;
        boolean own = op.equals(ComplexOps.TO_REALS) && (2 * j == size || j == 0);
        return new double[] {self.doubleAt(2 * at), own ? 0 : (mirrored ? -1 : 1) * self.doubleAt(2 * at + 1)};
    }
}
