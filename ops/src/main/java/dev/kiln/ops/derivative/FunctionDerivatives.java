package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;

/** Functions of one tensor, element by element. */
final class FunctionDerivatives {
    private FunctionDerivatives() {
    }

    /** The slope of a function at {@code x}, where its value is {@code y}. */
    @FunctionalInterface
    interface Slope {
        Arg.Ref of(Emit e, Arg.Ref x, Arg.Ref y);
    }

    static void define(Rules r) {
        for (String identity : new String[] {"positive", "alias", "clone", "contiguous", "lift_fresh_copy", "frac"}) {
            r.rule(identity + ".default", b -> b.give(0, b::grad));
        }
        for (String conversion : new String[] {"_to_copy.default", "to.dtype"}) {
            r.rule(conversion, b -> b.give(0, b::grad));
        }
        exponentials(r);
        logarithms(r);
        circular(r);
        hyperbolic(r);
        special(r);
        factor(r, "deg2rad", Math.PI / 180);
        factor(r, "rad2deg", 180 / Math.PI);
    }

    private static void exponentials(Rules r) {
        slope(r, "exp", (e, x, y) -> y);
        slope(r, "exp2", (e, x, y) -> e.mul(y, Math.log(2)));
        slope(r, "expm1", (e, x, y) -> e.call("add.Scalar", y, 1));
    }

    private static void logarithms(Rules r) {
        r.rule("log.default", b -> b.give(0, () -> b.e().div(b.grad(), b.input(0))));
        r.rule("log1p.default", b -> b.give(0, () -> b.e().div(b.grad(), b.e().call("add.Scalar", b.input(0), 1))));
        r.rule("log2.default", b -> b.give(0, () -> b.e().div(b.grad(), b.e().mul(b.input(0), Math.log(2)))));
        r.rule("log10.default", b -> b.give(0, () -> b.e().div(b.grad(), b.e().mul(b.input(0), Math.log(10)))));
    }

    private static void circular(Rules r) {
        slope(r, "sin", (e, x, y) -> e.unary("cos", x));
        slope(r, "cos", (e, x, y) -> e.unary("neg", e.unary("sin", x)));
        slope(r, "tan", (e, x, y) -> e.call("add.Scalar", e.mul(y, y), 1));
        slope(r, "asin", (e, x, y) -> e.unary("rsqrt", e.call("rsub.Scalar", e.mul(x, x), 1)));
        slope(r, "acos", (e, x, y) -> e.unary("neg", e.unary("rsqrt", e.call("rsub.Scalar", e.mul(x, x), 1))));
        r.rule("atan.default", b -> b.give(0, () -> b.e().div(b.grad(),
            b.e().call("add.Scalar", b.e().mul(b.input(0), b.input(0)), 1))));
    }

    private static void hyperbolic(Rules r) {
        slope(r, "sinh", (e, x, y) -> e.unary("cosh", x));
        slope(r, "cosh", (e, x, y) -> e.unary("sinh", x));
        slope(r, "asinh", (e, x, y) -> e.unary("rsqrt", e.call("add.Scalar", e.mul(x, x), 1)));
        slope(r, "acosh", (e, x, y) -> e.unary("rsqrt", e.call("sub.Scalar", e.mul(x, x), 1)));
        slope(r, "atanh", (e, x, y) -> e.unary("reciprocal", e.call("rsub.Scalar", e.mul(x, x), 1)));
    }

    private static void special(Rules r) {
        slope(r, "erf", (e, x, y) -> gaussian(e, x, 2 / Math.sqrt(Math.PI), -1));
        slope(r, "erfc", (e, x, y) -> gaussian(e, x, -2 / Math.sqrt(Math.PI), -1));
        slope(r, "special_ndtr", (e, x, y) -> gaussian(e, x, 1 / Math.sqrt(2 * Math.PI), -0.5));
        slope(r, "special_entr", (e, x, y) -> e.unary("neg", e.call("add.Scalar", e.unary("log", x), 1)));
        slope(r, "sinc", (e, x, y) -> {
            Arg.Ref difference = e.sub(e.unary("cos", e.mul(x, Math.PI)), y);
            return e.call("masked_fill.Scalar", e.div(difference, x), e.call("eq.Scalar", x, 0), 0);
        });
    }

    /** {@code factor exp(scale x^2)}. */
    private static Arg.Ref gaussian(Emit e, Arg.Ref x, double factor, double scale) {
        return e.mul(e.unary("exp", e.mul(e.mul(x, x), scale)), factor);
    }

    private static void factor(Rules r, String function, double factor) {
        r.rule(function + ".default", b -> b.give(0, () -> b.e().mul(b.grad(), factor)));
    }

    static void slope(Rules r, String function, Slope slope) {
        r.rule(function + ".default", b -> b.give(0, () ->
            b.e().mul(b.grad(), slope.of(b.e(), b.input(0), b.output(0)))));
    }
}
