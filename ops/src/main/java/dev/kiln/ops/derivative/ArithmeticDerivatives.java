package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;

/** Sums, products, quotients and what is made of them. */
final class ArithmeticDerivatives {
    private ArithmeticDerivatives() {
    }

    static void define(Rules r) {
        sums(r);
        quotients(r);
        r.rule("mul.Tensor", b -> {
            Emit e = b.e();
            b.give(0, () -> e.mul(b.grad(), b.input(1)));
            b.give(1, () -> e.mul(b.grad(), b.input(0)));
        });
        r.rule("mul.Scalar", b -> b.give(0, () -> b.e().mul(b.grad(), b.call().arg(1))));
        r.rule("neg.default", b -> b.give(0, () -> b.e().unary("neg", b.grad())));
        r.rule("addcmul.default", b -> {
            Emit e = b.e();
            b.give(0, b::grad);
            b.give(1, () -> e.mul(scaled(b, 3), b.input(2)));
            b.give(2, () -> e.mul(scaled(b, 3), b.input(1)));
        });
        r.rule("addcdiv.default", b -> {
            Emit e = b.e();
            b.give(0, b::grad);
            b.give(1, () -> e.div(scaled(b, 3), b.input(2)));
            b.give(2, () -> e.unary("neg", e.mul(scaled(b, 3),
                e.div(b.input(1), e.mul(b.input(2), b.input(2))))));
        });
        r.rule("lerp.Scalar", b -> {
            b.give(0, () -> b.e().mul(b.grad(), 1 - b.args().real(2)));
            b.give(1, () -> b.e().mul(b.grad(), b.call().arg(2)));
        });
        r.rule("lerp.Tensor", b -> {
            Emit e = b.e();
            b.give(0, () -> e.mul(b.grad(), e.call("rsub.Scalar", b.input(2), 1)));
            b.give(1, () -> e.mul(b.grad(), b.input(2)));
            b.give(2, () -> e.mul(b.grad(), e.sub(b.input(1), b.input(0))));
        });
    }

    private static void sums(Rules r) {
        r.rule("add.Tensor", b -> {
            b.give(0, b::grad);
            b.give(1, () -> scaled(b, 2));
        });
        r.rule("sub.Tensor", b -> {
            b.give(0, b::grad);
            b.give(1, () -> b.e().unary("neg", scaled(b, 2)));
        });
        r.rule("rsub.Tensor", b -> {
            b.give(0, () -> b.e().unary("neg", scaled(b, 2)));
            b.give(1, b::grad);
        });
        r.rule("rsub.Scalar", b -> b.give(0, () -> b.e().unary("neg", scaled(b, 2))));
        for (String same : new String[] {"add.Scalar", "sub.Scalar"}) {
            r.rule(same, b -> b.give(0, b::grad));
        }
    }

    private static void quotients(Rules r) {
        r.rule("div.Tensor", ArithmeticDerivatives::quotient);
        r.rule("div.Scalar", b -> b.give(0, () -> b.e().div(b.grad(), b.call().arg(1))));
        r.rule("div.Tensor_mode", b -> {
            if (b.args().isNone(2)) {
                quotient(b);
            }
        });
        r.rule("div.Scalar_mode", b -> {
            if (b.args().isNone(2)) {
                b.give(0, () -> b.e().div(b.grad(), b.call().arg(1)));
            }
        });
        remainder(r, "remainder", "floor");
        remainder(r, "fmod", "trunc");
    }

    private static void quotient(Backward b) {
        Emit e = b.e();
        b.give(0, () -> e.div(b.grad(), b.input(1)));
        b.give(1, () -> e.unary("neg", e.mul(b.grad(), e.div(e.div(b.input(0), b.input(1)), b.input(1)))));
    }

    /** {@code x - rounded(x / y) y}. */
    private static void remainder(Rules r, String packet, String rounding) {
        r.rule(packet + ".Scalar", b -> b.give(0, b::grad));
        r.rule(packet + ".Tensor", b -> {
            b.give(0, b::grad);
            b.give(1, () -> b.e().unary("neg", b.e().mul(b.grad(),
                b.e().call("div.Tensor_mode", b.input(0), b.input(1), rounding))));
        });
    }

    /** The gradient times the number at a position. */
    private static Arg.Ref scaled(Backward b, int position) {
        return b.args().real(position) == 1 ? b.grad() : b.e().mul(b.grad(), b.call().arg(position));
    }
}
