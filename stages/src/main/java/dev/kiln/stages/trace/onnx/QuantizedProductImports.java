package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.stages.quantization.IntegerProduct;
import dev.kiln.stages.quantization.IntegerProduct.Operand;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.List;
import java.util.Optional;

/** Matrix products of 8-bit integers, of the default domain and of ONNX Runtime's. */
final class QuantizedProductImports {
    private QuantizedProductImports() {
    }

    static void register(Registry r) {
        r.tensor("MatMulInteger", n -> product(n, n.tensor(0), zero(n, 2), n.tensor(1), zero(n, 3)));
        r.tensor("QLinearMatMul", QuantizedProductImports::linear);
    }

    static void registerContrib(Registry r) {
        r.tensor("MatMulIntegerToFloat", QuantizedProductImports::toFloat);
        r.tensor("DynamicQuantizeMatMul", QuantizedProductImports::dynamic);
        r.tensor("QGemm", QuantizedProductImports::gemm);
    }

    private static Optional<Arg.Ref> zero(NodeImport n, int input) {
        return Optional.ofNullable(n.optionalTensor(input));
    }

    /** Each less its zero point, summed in i32. */
    private static Arg.Ref product(NodeImport n, Arg.Ref a, Optional<Arg.Ref> za, Arg.Ref b, Optional<Arg.Ref> zb) {
        boolean vectorOfStack = za.isPresent() && n.rank(a) > 2 && n.rank(za.get()) == 1 && !n.type(za.get()).numel().is(1);
        return IntegerProduct.takes(n.builder(), a, b) && !vectorOfStack
            ? IntegerProduct.of(n.builder(), new Operand(a, za), new Operand(b, zb))
            : n.call("aten.matmul.default", centered(n, a, za, true), centered(n, b, zb, false));
    }

    /** For vectors and stacks of matrices: the input less its zero point. */
    private static Arg.Ref centered(NodeImport n, Arg.Ref x, Optional<Arg.Ref> zero, boolean left) {
        Arg.Ref wide = n.cast(x, DType.I32);
        return zero.map(z -> n.call("aten.sub.Tensor", wide, n.cast(left ? byRow(n, z, x) : z, DType.I32))).orElse(wide);
    }

    /** A scale or zero point of the left side: a vector of several has one for each row. */
    private static Arg.Ref byRow(NodeImport n, Arg.Ref parameter, Arg.Ref x) {
        boolean vector = n.rank(parameter) == 1 && !n.type(parameter).numel().is(1) && n.rank(x) >= 2;
        return vector ? n.call("aten.unsqueeze.default", parameter, 1) : parameter;
    }

    /** Inputs: a, its scale and zero point, b, its two, and the two of the result. */
    private static Arg.Ref linear(NodeImport n) {
        Arg.Ref sum = product(n, n.tensor(0), zero(n, 2), n.tensor(3), zero(n, 5));
        return requantized(n, scaled(n, sum, byRow(n, n.tensor(1), n.tensor(0)), n.tensor(4)), 6, 7);
    }

    private static Arg.Ref requantized(NodeImport n, Arg.Ref real, int scale, int zeroPoint) {
        Arg.Ref rounded = n.call("aten.round.default", n.call("aten.div.Tensor", real, n.tensor(scale)));
        return QuantizationImports.saturate(n, n.call("aten.add.Tensor", rounded,
            n.cast(n.tensor(zeroPoint), n.dtype(rounded))), QuantizedType.of(n.valueType(zeroPoint)));
    }

    /** Inputs: a, b, their scales, their zero points, a bias. */
    private static Arg.Ref toFloat(NodeImport n) {
        Arg.Ref sum = product(n, n.tensor(0), zero(n, 4), n.tensor(1), zero(n, 5));
        return biased(n, scaled(n, sum, byRow(n, n.tensor(2), n.tensor(0)), n.tensor(3)), 6);
    }

    private static Arg.Ref scaled(NodeImport n, Arg.Ref sum, Arg.Ref left, Arg.Ref right) {
        Arg.Ref scale = n.call("aten.mul.Tensor", left, right);
        return n.call("aten.mul.Tensor", n.cast(sum, n.dtype(scale)), scale);
    }

    private static Arg.Ref biased(NodeImport n, Arg.Ref x, int bias) {
        return n.has(bias) ? n.call("aten.add.Tensor", x, n.tensor(bias)) : x;
    }

    /** Inputs: a in f32, b, its scale and zero point, a bias. */
    private static Arg.Ref dynamic(NodeImport n) {
        List<Arg.Ref> a = QuantizationImports.quantizeDynamically(n);
        Arg.Ref sum = product(n, a.get(0), Optional.of(a.get(2)), n.tensor(1), zero(n, 3));
        return biased(n, scaled(n, sum, a.get(1), n.tensor(2)), 4);
    }

    /**
     * Inputs: a, its scale and zero point, b, its two, a bias in i32 that is added to the sum, and the two of the
     * result, which is f32 without them.
     */
    private static Arg.Ref gemm(NodeImport n) {
        boolean turnA = n.attributes().flag("transA", false);
        boolean turnB = n.attributes().flag("transB", false);
        if (n.valueRank(0) != 2 || n.valueRank(3) != 2) {
            throw new KilnException.BadInput("two matrices expected, got " + n.type(n.tensor(0)) + " and "
                + n.type(n.tensor(3)));
        }
        Arg.Ref a = turnA ? n.call("aten.t.default", n.tensor(0)) : n.tensor(0);
        Arg.Ref b = turnB ? n.call("aten.t.default", n.tensor(3)) : n.tensor(3);
        Arg.Ref sum = product(n, a, zero(n, 2), b, zero(n, 5));
        Arg.Ref real = scaled(n, biased(n, sum, 6), byRow(n, n.tensor(1), a), n.tensor(4));
        double alpha = n.attributes().real("alpha", 1);
        Arg.Ref times = alpha == 1 ? real : n.call("aten.mul.Scalar", real, alpha);
        return n.has(7) ? requantized(n, times, 7, 8) : times;
    }
}
