package dev.kiln.ops.decompose;

import dev.kiln.ops.decompose.ComplexParts.Complex;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BinaryOperator;

/** Sums, products and functions of complex tensors, and the ops that make or read them. */
final class ComplexArithmetic {
    @FunctionalInterface
    interface Body {
        Arg.Ref apply(Emit e, OpArgs a, ComplexParts parts);
    }

    private ComplexArithmetic() {
    }

    /** What the ops about complex numbers mean for real ones. */
    static void ofReals(Definitions d) {
        for (String name : List.of("real", "conj", "_conj", "resolve_conj")) {
            d.op(name + ".default(Tensor self) -> Tensor", (e, a) -> e.unary("alias", Emit.ref(a, 0)));
        }
        for (String name : List.of("conj_physical", "_conj_physical")) {
            d.op(name + ".default(Tensor self) -> Tensor", (e, a) -> e.unary("clone", Emit.ref(a, 0)));
        }
        d.op("imag.default(Tensor self) -> Tensor", (e, a) -> {
            throw a.error("a complex tensor expected, got " + a.tensor(0));
        });
        d.op("angle.default(Tensor self) -> Tensor", ComplexArithmetic::angleOfReal);
        d.op("complex.default(Tensor real, Tensor imag) -> Tensor",
            (e, a) -> new ComplexParts(e).whole(Emit.ref(a, 0), Emit.ref(a, 1)));
        d.op("polar.default(Tensor abs, Tensor angle) -> Tensor",
            (e, a) -> polar(e, new ComplexParts(e), Emit.ref(a, 0), Emit.ref(a, 1)));
    }

    static void define(BiConsumer<String, Body> bodies) {
        bodies.accept("real.default", (e, a, p) -> p.of(Emit.ref(a, 0)).real());
        bodies.accept("imag.default", (e, a, p) -> p.of(Emit.ref(a, 0)).imaginary());
        bodies.accept("resolve_conj.default", (e, a, p) -> Emit.ref(a, 0));
        for (String name : List.of("conj", "_conj", "conj_physical", "_conj_physical")) {
            bodies.accept(name + ".default", (e, a, p) -> {
                Complex x = p.of(Emit.ref(a, 0));
                return p.whole(x.real(), e.unary("neg", x.imaginary()));
            });
        }
        bodies.accept("abs.default", (e, a, p) -> {
            Complex x = p.of(Emit.ref(a, 0));
            return e.call("hypot.default", x.real(), x.imaginary());
        });
        bodies.accept("angle.default", (e, a, p) -> {
            Complex x = p.of(Emit.ref(a, 0));
            return e.call("atan2.default", x.imaginary(), x.real());
        });
        bodies.accept("exp.default", (e, a, p) -> {
            Complex x = p.of(Emit.ref(a, 0));
            return polar(e, p, e.unary("exp", x.real()), x.imaginary());
        });
        sums(bodies);
        products(bodies);
        bodies.accept("eq.Tensor", (e, a, p) -> compared(e, a, p, "eq", "and"));
        bodies.accept("ne.Tensor", (e, a, p) -> compared(e, a, p, "ne", "or"));
    }

    private static Arg.Ref angleOfReal(Emit e, OpArgs a) {
        Arg.Ref x = Emit.ref(a, 0);
        Arg.Ref wide = e.dtype(x).isFloating() ? x : e.cast(x, dev.kiln.ops.DType.F32);
        Arg.Ref angle = e.where(e.call("lt.Scalar", wide, 0), e.number(Math.PI, e.dtype(wide)),
            e.number(0, e.dtype(wide)));
        return e.where(e.unary("isnan", wide), wide, angle);
    }

    private static Arg.Ref polar(Emit e, ComplexParts p, Arg.Ref size, Arg.Ref angle) {
        return p.whole(e.mul(size, e.unary("cos", angle)), e.mul(size, e.unary("sin", angle)));
    }

    private static void sums(BiConsumer<String, Body> bodies) {
        for (String name : List.of("add", "sub")) {
            bodies.accept(name + ".Tensor", (e, a, p) -> {
                Complex x = p.of(Emit.ref(a, 0));
                Complex y = p.of(Emit.ref(a, 1));
                Arg.Ref real = e.call(name + ".Tensor", x.real(), y.real(), a.arg(2));
                Arg.Ref left = x.isReal() ? p.zeros(y.imaginary()) : x.imaginary();
                return p.whole(real, y.isReal() ? left : e.call(name + ".Tensor", left, y.imaginary(), a.arg(2)));
            });
            bodies.accept(name + ".Scalar", (e, a, p) -> {
                Complex x = p.of(Emit.ref(a, 0));
                return p.whole(e.call(name + ".Scalar", x.real(), a.arg(1), a.arg(2)), x.imaginary());
            });
        }
    }

    private static void products(BiConsumer<String, Body> bodies) {
        bodies.accept("mul.Tensor", (e, a, p) ->
            product(e, p, p.of(Emit.ref(a, 0)), p.of(Emit.ref(a, 1)), e::mul));
        for (String name : List.of("mm", "bmm")) {
            bodies.accept(name + ".default", (e, a, p) -> product(e, p, p.of(Emit.ref(a, 0)), p.of(Emit.ref(a, 1)),
                (x, y) -> e.call(name + ".default", x, y)));
        }
        bodies.accept("square.default", (e, a, p) ->
            product(e, p, p.of(Emit.ref(a, 0)), p.of(Emit.ref(a, 0)), e::mul));
        bodies.accept("reciprocal.default", (e, a, p) -> inverse(e, p, p.of(Emit.ref(a, 0))));
        bodies.accept("div.Tensor", (e, a, p) -> {
            Complex x = p.of(Emit.ref(a, 0));
            Complex y = p.of(Emit.ref(a, 1));
            if (y.isReal()) {
                return p.whole(e.div(x.real(), y.real()), e.div(x.imaginary(), y.real()));
            }
            return product(e, p, x, p.of(inverse(e, p, y)), e::mul);
        });
    }

    private static Arg.Ref product(Emit e, ComplexParts p, Complex x, Complex y, BinaryOperator<Arg.Ref> times) {
        Arg.Ref real = times.apply(x.real(), y.real());
        if (y.isReal()) {
            return p.whole(real, times.apply(x.imaginary(), y.real()));
        }
        if (x.isReal()) {
            return p.whole(real, times.apply(x.real(), y.imaginary()));
        }
        return p.whole(e.sub(real, times.apply(x.imaginary(), y.imaginary())),
            e.add(times.apply(x.real(), y.imaginary()), times.apply(x.imaginary(), y.real())));
    }

    /** Both parts are scaled by the larger one first, so that their squares neither overflow nor vanish. */
    private static Arg.Ref inverse(Emit e, ComplexParts p, Complex x) {
        Arg.Ref scale = e.call("maximum.default", e.unary("abs", x.real()), e.unary("abs", x.imaginary()));
        Arg.Ref real = e.div(x.real(), scale);
        Arg.Ref imaginary = e.div(x.imaginary(), scale);
        Arg.Ref size = e.mul(e.add(e.mul(real, real), e.mul(imaginary, imaginary)), scale);
        return p.whole(e.div(real, size), e.unary("neg", e.div(imaginary, size)));
    }

    private static Arg.Ref compared(Emit e, OpArgs a, ComplexParts p, String comparison, String junction) {
        Complex x = p.both(Emit.ref(a, 0));
        Complex y = p.both(Emit.ref(a, 1));
        return e.call("logical_" + junction + ".default", e.call(comparison + ".Tensor", x.real(), y.real()),
            e.call(comparison + ".Tensor", x.imaginary(), y.imaginary()));
    }
}
