package dev.kiln.ops.interpreter;

import dev.kiln.ops.aten.ConvolutionSpec;
import dev.kiln.ops.aten.LowPrecisionProducts;
import dev.kiln.ops.graph.ConstantValue;

/** Matrix products: floating sums in double, integers in 64 bits. */
final class ContractionKernel {
    private ContractionKernel() {
    }

    static ConstantValue run(Frame frame) {
        return switch (frame.op().name()) {
            case "aten.mm.default", "aten.bmm.default", LowPrecisionProducts.INT_MM, LowPrecisionProducts.MM_DTYPE ->
                product(frame, false);
            case LowPrecisionProducts.INT8_WEIGHT -> LowPrecisionKernel.int8Weight(frame);
            case LowPrecisionProducts.INT4_WEIGHT -> LowPrecisionKernel.int4Weight(frame);
            case "aten.linear.default" -> linear(frame);
            case ConvolutionSpec.NAME -> ConvolutionKernel.run(frame);
            default -> throw new IllegalStateException("no reference kernel for " + frame.op());
        };
    }

    private static ConstantValue linear(Frame frame) {
        ConstantValue out = product(frame, true);
        if (frame.args().isNone(2)) {
            return out;
        }
        ConstantValue bias = frame.value(2);
        for (long i = 0; i < out.numel(); i++) {
            long at = bias.sizes().isEmpty() ? 0 : i % bias.numel();
            if (out.dtype().isFloating()) {
                out.set(i, out.doubleAt(i) + bias.doubleAt(at));
            } else {
                out.set(i, out.longAt(i) + bias.longAt(at));
            }
        }
        return out;
    }

    /** out[b, m, n] = sum over k of left[b, m, k] * right[b, k, n], or right[n, k] if it is transposed. */
    private static ConstantValue product(Frame frame, boolean transposed) {
        ConstantValue left = frame.value(0);
        ConstantValue right = frame.value(1);
        ConstantValue out = frame.allocate(0);
        int rank = left.sizes().size();
        int batches = transposed || rank == 2 ? 1 : Math.toIntExact(left.sizes().getFirst());
        int depth = Math.toIntExact(left.sizes().get(rank - 1));
        int columns = Math.toIntExact(right.sizes().get(right.sizes().size() - (transposed ? 2 : 1)));
        long rows = columns == 0 || batches == 0 ? 0 : out.numel() / columns / batches;
        int byColumn = transposed ? depth : 1;
        int byDepth = transposed ? 1 : columns;
        for (int b = 0; b < batches; b++) {
            long rightStart = (long) b * depth * columns;
            for (long m = 0; m < rows; m++) {
                long row = b * rows + m;
                for (int n = 0; n < columns; n++) {
                    dot(left, row * depth, right, rightStart + (long) n * byColumn, byDepth, depth,
                        out, row * columns + n);
                }
            }
        }
        return out;
    }

    private static void dot(ConstantValue left, long l, ConstantValue right, long r, long step, int depth,
            ConstantValue out, long at) {
        if (out.dtype().isFloating()) {
            double sum = 0;
            for (int k = 0; k < depth; k++) {
                sum += left.doubleAt(l + k) * right.doubleAt(r + k * step);
            }
            out.set(at, sum);
        } else {
            long sum = 0;
            for (int k = 0; k < depth; k++) {
                sum += left.longAt(l + k) * right.longAt(r + k * step);
            }
            out.set(at, sum);
        }
    }
}
