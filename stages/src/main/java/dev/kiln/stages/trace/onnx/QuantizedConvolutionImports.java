package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;

/** Convolutions of 8-bit integers: differences from the zero points, multiplied and summed in 32 bits. */
final class QuantizedConvolutionImports {
    private QuantizedConvolutionImports() {
    }

    static void register(Registry r) {
        r.tensor("ConvInteger", n -> ConvolutionImports.convolution(n, centered(n, 0, 2), centered(n, 1, 3), null));
        r.tensor("QLinearConv", QuantizedConvolutionImports::quantized);
    }

    private static Arg.Ref centered(NodeImport n, int input, int zeroPoint) {
        Arg.Ref x = n.cast(n.tensor(input), DType.I32);
        return n.has(zeroPoint) ? n.call("aten.sub.Tensor", x,
            first(n, n.cast(n.tensor(zeroPoint), DType.I32), n.rank(x), input == 0 ? 1 : 0)) : x;
    }

    /** One number, or a vector along a dimension. */
    private static Arg.Ref first(NodeImport n, Arg.Ref parameter, int rank, int dim) {
        if (n.type(parameter).numel().is(1)) {
            return n.reshape(parameter, List.of());
        }
        List<SymInt> sizes = new ArrayList<>(ReshapeImports.ones(rank));
        sizes.set(dim, n.type(parameter).size(0));
        return n.reshape(parameter, sizes);
    }

    private static Arg.Ref quantized(NodeImport n) {
        Arg.Ref sum = ConvolutionImports.convolution(n, centered(n, 0, 2), centered(n, 3, 5), n.optionalTensor(8));
        int rank = n.rank(sum);
        Arg.Ref scale = n.call("aten.div.Tensor", n.call("aten.mul.Tensor", first(n, n.tensor(1), rank, 1),
            first(n, n.tensor(4), rank, 1)), first(n, n.tensor(6), rank, 1));
        Arg.Ref real = n.call("aten.mul.Tensor", n.cast(sum, DType.F32), n.cast(scale, DType.F32));
        DType dtype = n.valueType(7);
        Arg.Ref zero = n.cast(first(n, n.tensor(7), rank, 1), DType.F32);
        Arg.Ref shifted = n.call("aten.add.Tensor", n.call("aten.round.default", real), zero);
        if (dtype != DType.U8 && dtype != DType.I8) {
            throw new KilnException.BadInput("the output must be u8 or i8, is " + dtype);
        }
        double low = dtype == DType.U8 ? 0 : Byte.MIN_VALUE;
        return n.cast(n.call("aten.clamp.default", shifted, low, low + 255), dtype);
    }
}
