package dev.kiln.ops.derivative;

import dev.kiln.ops.DType;
import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;

/** Powers, roots, and functions of two tensors. */
final class PowerDerivatives {
    private PowerDerivatives() {
    }

    static void define(Rules r) {
        r.rule("square.default", b -> b.give(0, () -> b.e().mul(b.grad(), b.e().mul(b.input(0), 2))));
        r.rule("sqrt.default", b -> b.give(0, () -> b.e().div(b.grad(), b.e().mul(b.output(0), 2))));
        FunctionDerivatives.slope(r, "rsqrt", (e, x, y) -> e.mul(e.mul(y, e.mul(y, y)), -0.5));
        FunctionDerivatives.slope(r, "reciprocal", (e, x, y) -> e.unary("neg", e.mul(y, y)));
        r.rule("pow.Tensor_Scalar", b -> b.give(0, () -> ofBase(b, b.args().real(1))));
        r.rule("pow.Scalar", b -> b.give(1, () -> ofExponent(b, b.e().mul(b.output(0), Math.log(b.args().real(0))),
            b.args().real(0) == 0 ? b.e().call("ge.Scalar", b.input(1), 0) : null)));
        r.rule("pow.Tensor_Tensor", b -> powers(b, b.input(0), b.input(1)));
        r.rule("float_power.Tensor_Tensor", b ->
            powers(b, b.e().cast(b.input(0), DType.F64), b.e().cast(b.input(1), DType.F64)));
        r.rule("ldexp.Tensor", b -> {
            Emit e = b.e();
            b.give(0, () -> e.mul(b.grad(), e.call("pow.Scalar", 2.0, b.input(1))));
            b.give(1, () -> e.mul(b.grad(), e.mul(b.output(0), Math.log(2))));
        });
        r.rule("hypot.default", b -> {
            b.give(0, () -> b.e().mul(b.grad(), b.e().div(b.input(0), b.output(0))));
            b.give(1, () -> b.e().mul(b.grad(), b.e().div(b.input(1), b.output(0))));
        });
        r.rule("atan2.default", PowerDerivatives::angle);
        logarithms(r);
    }

    private static void logarithms(Rules r) {
        r.rule("xlogy.Tensor", b -> {
            Emit e = b.e();
            b.give(0, () -> e.call("masked_fill.Scalar", e.call("xlogy.Tensor", b.grad(), b.input(1)),
                e.call("logical_and.default", e.call("eq.Scalar", b.input(0), 0), e.call("le.Scalar", b.input(1), 0)), 0));
            b.give(1, () -> e.div(e.mul(b.grad(), b.input(0)), b.input(1)));
        });
        r.rule("xlogy.Scalar_Other", b -> b.give(0, () -> {
            double other = b.args().real(1);
            return other > 0 ? b.e().mul(b.grad(), Math.log(other)) : b.e().call("masked_fill.Scalar",
                b.e().call("xlogy.Scalar_Other", b.grad(), b.call().arg(1)), b.e().call("eq.Scalar", b.input(0), 0), 0);
        }));
        r.rule("logaddexp.default", b -> shares(b, (e, x) -> e.unary("exp", x)));
        r.rule("logaddexp2.default", b -> shares(b, (e, x) -> e.unary("exp2", x)));
    }

    private static void shares(Backward b, java.util.function.BiFunction<Emit, Arg.Ref, Arg.Ref> power) {
        Emit e = b.e();
        for (int i = 0; i < 2; i++) {
            Arg.Ref own = b.input(i);
            Arg.Ref other = b.input(1 - i);
            b.give(i, () -> e.div(b.grad(), e.call("add.Scalar", power.apply(e, e.sub(other, own)), 1)));
        }
    }

    private static Arg.Ref ofBase(Backward b, double exponent) {
        Emit e = b.e();
        if (exponent == 0) {
            return e.full(b.tensor(0).sizes(), 0, b.tensor(0).dtype());
        }
        Arg.Ref power = e.call("pow.Tensor_Scalar", b.input(0), exponent - 1);
        return e.mul(b.grad(), e.mul(power, exponent));
    }

    private static void powers(Backward b, Arg.Ref base, Arg.Ref exponent) {
        Emit e = b.e();
        b.give(0, () -> {
            Arg.Ref slope = e.mul(exponent, e.call("pow.Tensor_Tensor", base, e.call("sub.Scalar", exponent, 1)));
            return e.call("masked_fill.Scalar", e.mul(b.grad(), slope), e.call("eq.Scalar", exponent, 0), 0);
        });
        b.give(1, () -> ofExponent(b, e.mul(b.output(0), e.unary("log", base)),
            e.call("logical_and.default", e.call("eq.Scalar", base, 0), e.call("ge.Scalar", exponent, 0))));
    }

    /** @param flat where powers of zero do not change; null for nowhere */
    private static Arg.Ref ofExponent(Backward b, Arg.Ref slope, Arg.Ref flat) {
        Arg.Ref own = flat == null ? slope : b.e().call("masked_fill.Scalar", slope, flat, 0);
        return b.e().mul(b.grad(), own);
    }

    private static void angle(Backward b) {
        Emit e = b.e();
        Arg.Ref squares = e.add(e.mul(b.input(0), b.input(0)), e.mul(b.input(1), b.input(1)));
        Arg.Ref inverse = e.call("masked_fill.Scalar", e.unary("reciprocal", squares), e.call("eq.Scalar", squares, 0), 0);
        Arg.Ref scaled = e.mul(b.grad(), inverse);
        b.give(0, () -> e.mul(scaled, b.input(1)));
        b.give(1, () -> e.unary("neg", e.mul(scaled, b.input(0))));
    }
}
