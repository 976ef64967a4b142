package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;

/** Activation functions; the slope at a kink is PyTorch's. */
final class ActivationDerivatives {
    private static final double SELU_ALPHA = 1.6732632423543772;
    private static final double SELU_SCALE = 1.0507009873554805;

    private ActivationDerivatives() {
    }

    static void define(Rules r) {
        r.rule("relu.default", b -> b.give(0, () -> b.e().call("threshold_backward.default", b.grad(), b.output(0), 0)));
        for (String name : new String[] {"sigmoid", "tanh"}) {
            r.rule(name + ".default", b -> b.give(0, () -> b.e().call(name + "_backward.default", b.grad(), b.output(0))));
        }
        r.rule("logit.default", ActivationDerivatives::logit);
        r.rule("gelu.default", b -> b.give(0, () -> b.e().call("gelu_backward.default", b.grad(), b.input(0),
            b.call().arg(1))));
        r.rule("silu.default", b -> b.give(0, () -> b.e().call("silu_backward.default", b.grad(), b.input(0))));
        r.rule("threshold.default", b -> b.give(0, () -> b.e().call("threshold_backward.default", b.grad(), b.input(0),
            b.call().arg(1))));
        r.rule("leaky_relu.default", b -> b.give(0, () -> b.e().call("leaky_relu_backward.default", b.grad(),
            b.input(0), b.call().arg(1), false)));
        elu(r);
        r.rule("hardtanh.default", b -> b.give(0, () -> b.e().call("hardtanh_backward.default", b.grad(), b.input(0),
            b.call().arg(1), b.call().arg(2))));
        r.rule("relu6.default", b -> b.give(0, () -> b.e().call("hardtanh_backward.default", b.grad(), b.input(0), 0, 6)));
        for (String name : new String[] {"hardsigmoid", "hardswish"}) {
            r.rule(name + ".default", b -> b.give(0, () -> b.e().call(name + "_backward.default", b.grad(), b.input(0))));
        }
        r.rule("softplus.default", b -> b.give(0, () -> b.e().call("softplus_backward.default", b.grad(), b.input(0),
            b.call().arg(1), b.call().arg(2))));
        r.rule("mish.default", ActivationDerivatives::mish);
        r.rule("log_sigmoid.default", ActivationDerivatives::logSigmoid);
        r.ofFirst("log_sigmoid_forward.default", ActivationDerivatives::logSigmoid);
        for (String name : new String[] {"hardshrink", "softshrink"}) {
            r.rule(name + ".default", ActivationDerivatives::shrink);
        }
        r.rule("_prelu_kernel.default", b -> {
            Emit e = b.e();
            Arg.Ref positive = e.call("gt.Scalar", b.input(0), 0);
            b.give(0, () -> e.where(positive, b.grad(), e.mul(b.grad(), b.input(1))));
            b.give(1, () -> e.where(positive, e.number(0, e.dtype(b.grad())), e.mul(b.grad(), b.input(0))));
        });
        r.rule("glu.default", b -> b.give(0, () -> b.e().call("glu_backward.default", b.grad(), b.input(0),
            b.call().arg(1))));
    }

    private static void elu(Rules r) {
        r.rule("elu.default", b -> b.give(0, () -> b.e().call("elu_backward.default", b.grad(), b.call().arg(1),
            b.call().arg(2), b.call().arg(3), false, b.input(0))));
        r.rule("celu.default", b -> b.give(0, () -> b.e().call("elu_backward.default", b.grad(), b.call().arg(1), 1.0,
            1 / b.args().real(1), false, b.input(0))));
        r.rule("selu.default", b -> b.give(0, () -> b.e().call("elu_backward.default", b.grad(), SELU_ALPHA, SELU_SCALE,
            1.0, false, b.input(0))));
        r.rule("elu_backward.default", b -> {
            b.give(0, () -> eluBackward(b, b.grad()));
            b.give(5, () -> curvature(b));
        });
    }

    private static Arg.Ref eluBackward(Backward b, Arg.Ref grad) {
        return b.e().call("elu_backward.default", grad, b.call().arg(1), b.call().arg(2), b.call().arg(3),
            b.call().arg(4), b.input(5));
    }

    /** The slope of elu's slope, which is 0 at the kink. */
    private static Arg.Ref curvature(Backward b) {
        Emit e = b.e();
        Arg.Ref product = e.mul(e.mul(b.grad(), b.input(0)), b.call().arg(3));
        Arg.Ref bent = b.args().bool(4) ? product : eluBackward(b, product);
        return e.where(e.call("lt.Scalar", b.input(5), 0), bent, e.number(0, e.dtype(bent)));
    }

    private static void logSigmoid(Backward b) {
        Emit e = b.e();
        b.give(0, () -> e.mul(b.grad(), e.unary("sigmoid", e.unary("neg", b.input(0)))));
    }

    /** With t = tanh(softplus(x)): t + x sigmoid(x) (1 - t^2). */
    private static void mish(Backward b) {
        Emit e = b.e();
        b.give(0, () -> {
            Arg.Ref x = e.compute(b.input(0));
            Arg.Ref t = e.unary("tanh", e.call("softplus.default", x));
            Arg.Ref rest = e.mul(e.mul(x, e.unary("sigmoid", x)), e.call("rsub.Scalar", e.mul(t, t), 1.0));
            return e.mul(e.compute(b.grad()), e.add(t, rest));
        });
    }

    /** Without an eps there is no slope outside of 0 to 1; with one there is none beyond it. */
    private static void logit(Backward b) {
        Emit e = b.e();
        double eps = b.args().isNone(1) ? 0 : b.args().real(1);
        b.give(0, () -> {
            Arg.Ref x = e.compute(b.input(0));
            Arg.Ref slope = e.div(e.compute(b.grad()), e.mul(x, e.call("rsub.Scalar", x, 1.0)));
            Arg.Ref outside = e.call("logical_or.default", e.call("lt.Scalar", x, eps), e.call("gt.Scalar", x, 1 - eps));
            return e.where(outside, e.number(b.args().isNone(1) ? Double.NaN : 0.0, e.dtype(slope)), slope);
        });
    }

    /** Nothing passes within lambda of zero, the borders included. */
    private static void shrink(Backward b) {
        Emit e = b.e();
        double lambda = b.args().real(1);
        b.give(0, () -> {
            Arg.Ref small = e.call("logical_and.default", e.call("ge.Scalar", b.input(0), -lambda),
                e.call("le.Scalar", b.input(0), lambda));
            return e.where(small, e.number(0, e.dtype(b.grad())), b.grad());
        });
    }
}
