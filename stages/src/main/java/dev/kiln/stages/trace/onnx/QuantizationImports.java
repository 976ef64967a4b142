package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.aten.QuantizationOps;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;

/**
 * Affine quantisation: real = scale * (quantized - zero point), of a tensor, of each slice along an axis, or of blocks
 * of slices.
 */
final class QuantizationImports {
    private QuantizationImports() {
    }

    static void register(Registry r) {
        r.tensor("DequantizeLinear", QuantizationImports::dequantize);
        r.tensor("QuantizeLinear", QuantizationImports::quantize);
        r.tensors("DynamicQuantizeLinear", QuantizationImports::quantizeDynamically);
    }

    /** A scale or zero point shaped to broadcast against the tensor: of all, of each slice, or of blocks of slices. */
    private static Arg.Ref along(NodeImport n, Arg.Ref parameter, Arg.Ref x) {
        if (n.rank(parameter) == 0 || n.rank(parameter) == 1 && n.type(parameter).numel().is(1)) {
            return n.reshape(parameter, List.of());
        }
        int rank = n.rank(x);
        int axis = n.dim(n.attributes().integer("axis", 1), rank);
        if (n.rank(parameter) == 1 && n.attributes().integer("block_size", 0) == 0) {
            List<SymInt> sizes = new ArrayList<>(ReshapeImports.ones(rank));
            sizes.set(axis, n.type(parameter).size(0));
            return n.reshape(parameter, sizes);
        }
        return blocks(n, parameter, x, axis);
    }

    /** Each number of a block's scale as often as the block is long; the last block may be shorter. */
    private static Arg.Ref blocks(NodeImport n, Arg.Ref parameter, Arg.Ref x, int axis) {
        long block = n.attributes().integer("block_size", 0);
        if (block < 1 || n.rank(parameter) != n.rank(x)) {
            throw new KilnException.BadInput("scales of rank " + n.rank(parameter) + " with blocks of " + block
                + " do not fit a tensor of rank " + n.rank(x));
        }
        SymInt size = n.type(x).size(axis);
        SymInt count = size.plus(block - 1).floorDiv(SymInt.of(block));
        n.shapes().require(n.type(parameter).size(axis), count, "the number of blocks along axis " + axis);
        Arg.Ref repeated = n.call("aten.repeat_interleave.self_int", parameter, block, axis);
        return count.times(block).equals(size) ? repeated : n.call("aten.slice.Tensor", repeated, axis, 0, size);
    }

    private static Arg.Ref dequantize(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        long type = n.attributes().integer("output_dtype", 0);
        DType result = type == 0 ? n.valueType(1) : OnnxTypes.dtype((int) type, "the result");
        if (n.valueRank(1) <= 1 && n.attributes().integer("block_size", 0) == 0) {
            boolean single = n.type(n.tensor(1)).numel().is(1);
            return n.call(QuantizationOps.DEQUANTIZE, x, n.tensor(1), n.optionalTensor(2),
                single ? 0 : n.dim(n.attributes().integer("axis", 1), n.rank(x)), result);
        }
        Arg.Ref scale = along(n, n.tensor(1), x);
        Arg.Ref wide = n.cast(x, n.dtype(scale));
        if (n.has(2)) {
            wide = n.call("aten.sub.Tensor", wide, n.cast(along(n, n.tensor(2), x), n.dtype(scale)));
        }
        return n.cast(n.call("aten.mul.Tensor", wide, scale), result);
    }

    private static Arg.Ref quantize(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        QuantizedType type = resultType(n);
        DType working = n.dtype(x) == DType.F64 ? DType.F64 : DType.F32;
        Arg.Ref scaled = n.call("aten.div.Tensor", n.cast(x, working), n.cast(along(n, n.tensor(1), x), working));
        Arg.Ref placed = type.dtype().isFloating() ? scaled : n.call("aten.round.default", scaled);
        if (n.has(2)) {
            placed = n.call("aten.add.Tensor", placed, n.cast(along(n, n.tensor(2), x), n.dtype(placed)));
        }
        return type.dtype().isFloating() ? ConversionImports.toFloat8(n, placed, type.dtype())
            : saturate(n, placed, type);
    }

    private static QuantizedType resultType(NodeImport n) {
        long given = n.attributes().integer("output_dtype", 0);
        if (given != 0) {
            return QuantizedType.of((int) given);
        }
        if (!n.has(2)) {
            return QuantizedType.of(DType.U8);
        }
        DType dtype = n.valueType(2);
        return n.value(2) instanceof Value.Literal literal && literal.isFourBits()
            ? QuantizedType.of(dtype == DType.I8 ? QuantizedType.INT4 : QuantizedType.UINT4) : QuantizedType.of(dtype);
    }

    static Arg.Ref saturate(NodeImport n, Arg.Ref x, QuantizedType type) {
        return n.cast(n.call("aten.clamp.default", x, type.low(), type.high()), type.dtype());
    }

    /** To u8, with the scale and zero point that the data's range (with 0 in it) asks for. */
    static List<Arg.Ref> quantizeDynamically(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        long[] all = java.util.stream.LongStream.range(0, n.rank(x)).toArray();
        Arg.Ref high = n.call("aten.clamp_min.default", n.call("aten.amax.default", x, all, false), 0.0);
        Arg.Ref low = n.call("aten.clamp_max.default", n.call("aten.amin.default", x, all, false), 0.0);
        Arg.Ref scale = n.call("aten.div.Scalar", n.call("aten.sub.Tensor", high, low), 255.0);
        Arg.Ref origin = n.call("aten.neg.default", n.call("aten.div.Tensor", low, scale));
        Arg.Ref zero = n.call("aten.round.default", n.call("aten.clamp.default", origin, 0.0, 255.0));
        Arg.Ref rounded = n.call("aten.round.default", n.call("aten.div.Tensor", x, scale));
        return List.of(saturate(n, n.call("aten.add.Tensor", rounded, zero), QuantizedType.of(DType.U8)), scale,
            n.cast(zero, DType.U8));
    }
}
