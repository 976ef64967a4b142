package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.List;

/** Activation functions with their ONNX defaults. */
final class ActivationImports {
    /** ONNX's defaults of Selu, as floats. */
    private static final float SELU_ALPHA = 1.6732632f;
    private static final float SELU_GAMMA = 1.050701f;

    private ActivationImports() {
    }

    static void register(Registry r) {
        r.tensor("LeakyRelu", n -> n.call("aten.leaky_relu.default", n.tensor(0),
            n.attributes().real("alpha", 0.01f)));
        r.tensor("Elu", n -> n.call("aten.elu.default", n.tensor(0), n.attributes().real("alpha", 1)));
        r.tensor("Selu", n -> n.call("aten.elu.default", n.tensor(0),
            n.attributes().real("alpha", SELU_ALPHA), n.attributes().real("gamma", SELU_GAMMA)));
        r.tensor("Celu", n -> {
            double alpha = n.attributes().real("alpha", 1);
            return n.call("aten.elu.default", n.tensor(0), alpha, 1, 1 / alpha);
        });
        r.tensor("Gelu", n -> n.call("aten.gelu.default", n.tensor(0),
            n.attributes().string("approximate", "none")));
        r.tensor("HardSigmoid", n -> hardSigmoid(n, n.attributes().real("alpha", 0.2f),
            n.attributes().real("beta", 0.5f)));
        r.tensor("HardSwish", n -> n.call("aten.hardswish.default", n.tensor(0)));
        r.tensor("Mish", n -> n.call("aten.mish.default", n.tensor(0)));
        r.tensor("Softplus", n -> n.call("aten.softplus.default", n.tensor(0)));
        r.tensor("Softsign", n -> n.call("aten.div.Tensor", n.tensor(0),
            n.call("aten.add.Scalar", n.call("aten.abs.default", n.tensor(0)), 1)));
        r.tensor("Swish", ActivationImports::swish);
        r.tensor("ThresholdedRelu", n -> {
            double alpha = n.attributes().real("alpha", 1);
            return select(n, n.call("aten.gt.Scalar", n.tensor(0), alpha), n.tensor(0), zero(n, n.tensor(0)));
        });
        r.tensor("PRelu", n -> select(n, n.call("aten.gt.Scalar", n.tensor(0), 0), n.tensor(0),
            n.call("aten.mul.Tensor", n.tensor(0), slope(n))));
        r.tensor("Shrink", ActivationImports::shrink);
    }

    /** Before opset 7 a vector of slopes was one of channels. */
    private static Arg.Ref slope(NodeImport n) {
        int rank = n.rank(n.tensor(0));
        boolean perChannel = !n.since(7) && n.rank(n.tensor(1)) == 1 && rank > 2;
        return perChannel ? NormalizationImports.channels(n, n.tensor(1), rank) : n.tensor(1);
    }

    private static Arg.Ref select(NodeImport n, Arg.Ref condition, Arg.Ref yes, Arg.Ref no) {
        return n.call("aten.where.self", condition, yes, no);
    }

    private static Arg.Ref zero(NodeImport n, Arg.Ref like) {
        return n.constant("zero", ConstantValue.allocate(n.dtype(like), List.of()));
    }

    private static Arg.Ref hardSigmoid(NodeImport n, double alpha, double beta) {
        Arg.Ref line = n.call("aten.add.Scalar", n.call("aten.mul.Scalar", n.tensor(0), alpha), beta);
        return n.call("aten.clamp.default", line, 0.0, 1.0);
    }

    private static Arg.Ref swish(NodeImport n) {
        double alpha = n.attributes().real("alpha", 1);
        Arg.Ref scaled = alpha == 1 ? n.tensor(0) : n.call("aten.mul.Scalar", n.tensor(0), alpha);
        return n.call("aten.mul.Tensor", n.tensor(0), n.call("aten.sigmoid.default", scaled));
    }

    /** x + bias below -lambd, x - bias above lambd, 0 between. */
    private static Arg.Ref shrink(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        double lambda = n.attributes().real("lambd", 0.5f);
        double bias = n.attributes().real("bias", 0);
        Arg.Ref above = select(n, n.call("aten.gt.Scalar", x, lambda), n.call("aten.sub.Scalar", x, bias),
            zero(n, x));
        Arg.Ref result = select(n, n.call("aten.lt.Scalar", x, -lambda), n.call("aten.add.Scalar", x, bias),
            above);
        return n.cast(result, n.dtype(x));
    }
}
