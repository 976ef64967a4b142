package dev.kiln.ops.derivative;

import dev.kiln.ops.DType;
import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;

/** Running sums and products: gradients run the other way. */
final class ScanDerivatives {
    private ScanDerivatives() {
    }

    static void define(Rules r) {
        r.rule("cumsum.default", b -> b.give(0, () -> reversed(b, "cumsum.default", b.grad())));
        r.rule("cumprod.default", b -> b.give(0, () -> products(b)));
        r.rule("logcumsumexp.default", b -> b.give(0, () -> b.e().sub(ofSign(b, "gt"), ofSign(b, "lt"))));
    }

    private static Arg.Ref reversed(Backward b, String scan, Arg.Ref x) {
        Emit e = b.e();
        if (b.tensor(0).rank() == 0) {
            return x;
        }
        Arg dim = Arg.ints(b.args().dim(1, b.tensor(0).rank()));
        return e.call("flip.default", e.call(scan, e.call("flip.default", x, dim), b.call().arg(1)), dim);
    }

    /** In front of the first zero as if there were none; at it, up to the second one, with it left out. */
    private static Arg.Ref products(Backward b) {
        Emit e = b.e();
        DType dtype = e.dtype(b.grad());
        Arg.Ref x = e.cast(b.input(0), dtype);
        Arg.Ref zero = e.call("eq.Scalar", x, 0);
        Arg.Ref zeros = e.call("cumsum.default", e.cast(zero, DType.I64), b.call().arg(1));
        Arg.Ref first = e.call("logical_and.default", zero, e.call("eq.Scalar", zeros, 1));
        Arg.Ref without = e.call("cumprod.default", e.call("masked_fill.Scalar", x, first, 1), b.call().arg(1));
        Arg.Ref before = e.div(reversed(b, "cumsum.default", e.mul(b.grad(), b.output(0))), x);
        Arg.Ref at = reversed(b, "cumsum.default", e.mul(b.grad(), without));
        return e.where(e.call("eq.Scalar", zeros, 0), before, e.call("where.ScalarOther", first, at, 0));
    }

    /** Gradients of one sign, summed as logarithms. */
    private static Arg.Ref ofSign(Backward b, String comparison) {
        Emit e = b.e();
        Arg.Ref size = e.unary("log", e.unary("abs", b.grad()));
        Arg.Ref own = e.call("where.ScalarOther", e.call(comparison + ".Scalar", b.grad(), 0), size,
            Double.NEGATIVE_INFINITY);
        return e.unary("exp", e.add(reversed(b, "logcumsumexp.default", e.sub(own, b.output(0))), b.input(0)));
    }
}
