package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.aten.LowPrecisionProducts;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import java.util.List;

/**
 * {@code MatMulNBits} of {@code com.microsoft}: a product with a constant weight of 4 bits. Inputs: x [.., K], the weight
 * [N, blocks, bytes] of u8, the blocks' scales and zero points, an order of inputs, a bias.
 */
final class MatMulNBitsImport {
    /** Inputs of the largest group that kernels know; longer blocks are several. */
    private static final int LARGEST_GROUP = 128;
    private static final int SMALLEST_GROUP = 32;

    private MatMulNBitsImport() {
    }

    static Arg.Ref translate(NodeImport n) {
        long depth = n.attributes().integer("K", 0);
        long columns = n.attributes().integer("N", 0);
        long block = n.attributes().integer("block_size", 0);
        long bits = n.attributes().integer("bits", 4);
        if (bits != 4 || block < SMALLEST_GROUP || depth % block != 0 || n.has(4)) {
            throw new KilnException.Unsupported("weights of " + bits + " bits in blocks of " + block + " of " + depth
                + (n.has(4) ? " inputs in another order" : " inputs") + " are not supported; 4 bits, in blocks of 32 or more"
                + " that divide the inputs, are");
        }
        ConstantValue weight = n.required(1, "the weight").view(DType.U8, List.of(columns, depth / 2));
        long group = Math.min(block, LARGEST_GROUP);
        Arg.Ref product = n.call(LowPrecisionProducts.INT4_WEIGHT, n.tensor(0), n.constant("weight_i4", weight), group,
            n.constant("weight_scales", parameters(n, depth, columns, block, group)));
        return n.has(5) ? n.call("aten.add.Tensor", product, n.tensor(5)) : product;
    }

    /** Scale and zero [K / group, N, 2]: a zero point of 8 means a zero of 0. */
    private static ConstantValue parameters(NodeImport n, long depth, long columns, long block, long group) {
        long blocks = depth / block;
        ConstantValue scales = n.required(2, "the scales");
        ConstantValue zeros = n.has(3) ? n.required(3, "the zero points") : null;
        ConstantValue parameters = ConstantValue.allocate(DType.F32, List.of(depth / group, columns, 2L));
        for (long column = 0; column < columns; column++) {
            for (long g = 0; g < depth / group; g++) {
                long own = g * group / block;
                double scale = scales.doubleAt(column * blocks + own);
                double zero = (LowPrecisionProducts.INT4_MIDDLE - zeroPoint(zeros, column, own, blocks)) * scale;
                parameters.set((g * columns + column) * 2, scale);
                parameters.set((g * columns + column) * 2 + 1, zero);
            }
        }
        return parameters;
    }

    /** Packed two a byte, each column from a byte on, or numbers of the scales' dtype. */
    private static double zeroPoint(ConstantValue zeros, long column, long block, long blocks) {
        if (zeros == null) {
            return LowPrecisionProducts.INT4_MIDDLE;
        }
        if (zeros.dtype().isFloating()) {
            return zeros.doubleAt(column * blocks + block);
        }
        long both = zeros.longAt(column * ((blocks + 1) / 2) + block / 2);
        return block % 2 == 0 ? both & 15 : both >> 4;
    }
}
