package dev.kiln.ops.interpreter;

import dev.kiln.ops.aten.LowPrecisionProducts;
import dev.kiln.ops.graph.ConstantValue;

/** Products with weights of 8 and 4 bits: each weight as the real number that it stands for, sums in double. */
final class LowPrecisionKernel {
    private LowPrecisionKernel() {
    }

    /** x [M, K], weight [N, K], scales [N]. */
    static ConstantValue int8Weight(Frame frame) {
        ConstantValue x = frame.value(0);
        ConstantValue weight = frame.value(1);
        ConstantValue scales = frame.value(2);
        ConstantValue out = frame.allocate(0);
        int depth = Math.toIntExact(weight.sizes().get(1));
        long columns = weight.sizes().get(0);
        for (long i = 0; i < out.numel(); i++) {
            double sum = 0;
            for (int k = 0; k < depth; k++) {
                sum += x.doubleAt(i / columns * depth + k) * weight.longAt(i % columns * depth + k);
            }
            out.set(i, sum * scales.doubleAt(i % columns));
        }
        return out;
    }

    static ConstantValue int4Weight(Frame frame) {
        ConstantValue x = frame.value(0);
        ConstantValue weight = frame.value(1);
        long group = frame.args().integer(2);
        ConstantValue parameters = frame.value(3);
        ConstantValue out = frame.allocate(0);
        int depth = Math.toIntExact(2 * weight.sizes().get(1));
        long columns = weight.sizes().get(0);
        for (long i = 0; i < out.numel(); i++) {
            long n = i % columns;
            double sum = 0;
            for (int k = 0; k < depth; k++) {
                long at = 2 * (k / group * columns + n);
                double real = (nibble(weight, n * depth + k) - LowPrecisionProducts.INT4_MIDDLE)
                    * parameters.doubleAt(at) + parameters.doubleAt(at + 1);
                sum += x.doubleAt(i / columns * depth + k) * real;
            }
            out.set(i, sum);
        }
        return out;
    }

    private static long nibble(ConstantValue packed, long index) {
        long both = packed.longAt(index / 2);
        return index % 2 == 0 ? both & 15 : both >> 4;
    }
}
