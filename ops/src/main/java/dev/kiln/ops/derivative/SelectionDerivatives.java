package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;

/** What takes one of several elements, or bounds them; signs. */
final class SelectionDerivatives {
    private SelectionDerivatives() {
    }

    static void define(Rules r) {
        r.rule("where.self", b -> {
            b.give(1, () -> where(b, b.input(0)));
            b.give(2, () -> unless(b, b.input(0)));
        });
        r.rule("where.ScalarSelf", b -> b.give(2, () -> unless(b, b.input(0))));
        r.rule("where.ScalarOther", b -> b.give(1, () -> where(b, b.input(0))));
        r.rule("masked_fill.Scalar", b -> b.give(0, () -> unless(b, b.input(1))));
        r.rule("masked_fill.Tensor", b -> {
            b.give(0, () -> unless(b, b.input(1)));
            b.give(2, () -> where(b, b.input(1)));
        });
        larger(r, "maximum", "lt");
        larger(r, "minimum", "gt");
        present(r, "fmax", "ge");
        present(r, "fmin", "le");
        clamps(r);
        r.complexRule("abs.default", b -> b.give(0, () -> magnitude(b)));
        r.rule("copysign.Tensor", b -> b.give(0, () -> ratio(b)));
        r.rule("copysign.Scalar", b -> b.give(0, () -> ratio(b)));
        r.rule("nan_to_num.default", b -> b.give(0, () -> where(b, b.e().unary("isfinite", b.input(0)))));
    }

    /** Equal elements share the gradient. */
    private static void larger(Rules r, String packet, String loses) {
        r.rule(packet + ".default", b -> {
            Emit e = b.e();
            Arg.Ref same = e.call("eq.Tensor", b.input(0), b.input(1));
            Arg.Ref half = e.where(same, e.mul(b.grad(), 0.5), b.grad());
            for (int i = 0; i < 2; i++) {
                Arg.Ref lost = e.call(loses + ".Tensor", b.input(i), b.input(1 - i));
                b.give(i, () -> e.call("masked_fill.Scalar", half, lost, 0));
            }
        });
    }

    /** Equal elements leave the gradient to the first, which also gets it where the second is NaN. */
    private static void present(Rules r, String packet, String wins) {
        r.rule(packet + ".default", b -> {
            Emit e = b.e();
            Arg.Ref first = e.call("logical_or.default", e.call(wins + ".Tensor", b.input(0), b.input(1)),
                e.unary("isnan", b.input(1)));
            b.give(0, () -> where(b, first));
            b.give(1, () -> unless(b, first));
        });
    }

    private static void clamps(Rules r) {
        r.rule("clamp.default", b -> b.give(0, () -> within(b)));
        r.rule("clamp.Tensor", b -> {
            b.give(0, () -> within(b));
            b.give(1, () -> where(b, lowered(b)));
            b.give(2, () -> where(b, raised(b)));
        });
        bound(r, "clamp_min", "ge", "lt");
        bound(r, "clamp_max", "le", "gt");
    }

    private static void bound(Rules r, String packet, String keeps, String replaces) {
        r.rule(packet + ".default", b -> b.give(0, () -> where(b, compare(b, keeps, 1))));
        r.rule(packet + ".Tensor", b -> {
            b.give(0, () -> where(b, compare(b, keeps, 1)));
            b.give(1, () -> where(b, compare(b, replaces, 1)));
        });
    }

    private static Arg.Ref compare(Backward b, String comparison, int position) {
        Arg bound = b.call().arg(position);
        return b.e().call(comparison + (bound instanceof Arg.Ref ? ".Tensor" : ".Scalar"), b.input(0), bound);
    }

    /** Bounds themselves pass the gradient. */
    private static Arg.Ref within(Backward b) {
        boolean low = !b.args().isNone(1);
        boolean high = !b.args().isNone(2);
        if (low && high) {
            return where(b, b.e().call("logical_and.default", compare(b, "ge", 1), compare(b, "le", 2)));
        }
        return low ? where(b, compare(b, "ge", 1)) : high ? where(b, compare(b, "le", 2)) : b.grad();
    }

    /** Where the least that is allowed is the result. */
    private static Arg.Ref lowered(Backward b) {
        Arg.Ref below = compare(b, "lt", 1);
        return b.args().isNone(2) ? below : b.e().call("logical_and.default", below,
            b.e().call("lt.Tensor", b.input(1), b.input(2)));
    }

    private static Arg.Ref raised(Backward b) {
        Arg.Ref above = compare(b, "gt", 2);
        return b.args().isNone(1) ? above : b.e().call("logical_or.default", above,
            b.e().call("lt.Tensor", b.input(2), b.input(1)));
    }

    /** 0 at 0; of a complex number towards it. */
    private static Arg.Ref magnitude(Backward b) {
        Emit e = b.e();
        if (!b.tensor(0).dtype().isComplex()) {
            return e.mul(b.grad(), e.unary("sgn", b.input(0)));
        }
        Arg.Ref divisor = e.call("masked_fill.Scalar", b.output(0), e.call("eq.Scalar", b.output(0), 0), 1);
        return e.mul(e.div(b.input(0), divisor), b.grad());
    }

    /** The result over the input, 0 at 0. */
    private static Arg.Ref ratio(Backward b) {
        Emit e = b.e();
        Arg.Ref ratio = e.div(b.output(0), b.input(0));
        return e.mul(b.grad(), e.call("masked_fill.Scalar", ratio, e.call("eq.Scalar", b.input(0), 0), 0));
    }

    /** The gradient where the condition holds, else 0. */
    static Arg.Ref where(Backward b, Arg.Ref condition) {
        return b.e().call("where.ScalarOther", condition, b.grad(), 0);
    }

    private static Arg.Ref unless(Backward b, Arg.Ref condition) {
        return b.e().call("where.ScalarSelf", condition, 0, b.grad());
    }
}
