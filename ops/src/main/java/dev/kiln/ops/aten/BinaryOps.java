package dev.kiln.ops.aten;

import static dev.kiln.ops.scalar.Scalar.literal;
import static dev.kiln.ops.scalar.Scalar.of;
import static dev.kiln.ops.scalar.ScalarOp.*;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarFormula;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.schema.OpTable.Registry;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/** Elementwise ops of two operands, the second a tensor or a number. */
final class BinaryOps {
    private BinaryOps() {
    }

    static void register(Registry r) {
        r.elementwise("add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
            Shapes.broadcast(t -> t, 0, 1), scaled((x, y) -> sum(x, y)));
        r.elementwise("sub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
            Shapes.broadcast(t -> t, 0, 1), scaled((x, y) -> of(SUB, x, y)));
        r.elementwise("add.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
            Shapes.broadcast(t -> t, 0, 1), scaled((x, y) -> sum(x, y)));
        r.elementwise("sub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
            Shapes.broadcast(t -> t, 0, 1), scaled((x, y) -> of(SUB, x, y)));
        r.elementwise("rsub.Scalar(Tensor self, Scalar other, Scalar alpha=1) -> Tensor",
            Shapes.broadcast(t -> t, 0, 1), (a, x) -> {
                DType t = TypePromotion.common(a, 0, 1);
                return of(SUB, x.get(1).stored(t), of(MUL, x.get(0).cast(t), x.get(2).cast(t)));
            });
        r.elementwise("rsub.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor",
            Shapes.broadcast(t -> t, 0, 1), (a, x) -> {
                DType t = TypePromotion.common(a, 0, 1);
                return of(SUB, x.get(1).stored(t), of(MUL, x.get(0).cast(t), x.get(2).cast(t)));
            });
        precise(r, "mul", (x, y) -> x.dtype() == DType.BOOL ? of(AND, x, y) : of(MUL, x, y), t -> t,
            "Tensor");
        precise(r, "div", (x, y) -> of(DIV, x, y), TypePromotion::toFloating, "Tensor");
        precise(r, "floor_divide", BinaryOps::floorDivide, t -> t, "default");
        both(r, "remainder", (x, y) -> of(REMAINDER, x, y), t -> t);
        both(r, "fmod", (x, y) -> of(FMOD, x, y), t -> t);
        divMode(r);
        tensors(r, "maximum.default", (x, y) -> of(MAX, x, y), t -> t);
        tensors(r, "minimum.default", (x, y) -> of(MIN, x, y), t -> t);
        tensors(r, "atan2.default", (x, y) -> of(ATAN2, x, y), TypePromotion::toFloating);
        tensors(r, "fmax.default", (x, y) -> notNan(x, y, of(MAX, x, y)), t -> t);
        tensors(r, "fmin.default", (x, y) -> notNan(x, y, of(MIN, x, y)), t -> t);
        both(r, "xlogy", BinaryOps::xlogy, TypePromotion::toFloating, "Tensor", "Scalar_Other");
        tensors(r, "logaddexp.default", BinaryOps::logAddExp, t -> t);
        powers(r);
        comparisons(r);
        logic(r);
    }

    /** The one that is a number, if only one is. */
    private static Scalar notNan(Scalar x, Scalar y, Scalar both) {
        return x.dtype().isFloating() ? Scalar.select(of(IS_NAN, x), y, Scalar.select(of(IS_NAN, y), x, both))
            : both;
    }

    /** x log y, with 0 log y = 0 for every y but NaN. */
    private static Scalar xlogy(Scalar x, Scalar y) {
        DType t = x.dtype();
        return Scalar.select(of(IS_NAN, y), y,
            Scalar.select(of(EQ, x, literal(0, t)), literal(0, t), of(MUL, x, of(LOG, y))));
    }

    private static Scalar logAddExp(Scalar x, Scalar y) {
        Scalar sum = of(ADD, of(MAX, x, y), of(LOG1P, of(EXP, of(NEG, of(ABS, of(SUB, x, y))))));
        return Scalar.select(of(AND, of(IS_INF, x), of(EQ, x, y)), x, sum);
    }

    private static void powers(Registry r) {
        r.elementwise("pow.Tensor_Tensor(Tensor self, Tensor exponent) -> Tensor",
            Shapes.broadcast(t -> t, 0, 1),
            binary((x, y) -> of(POW, x, y), t -> t));
        r.elementwise("pow.Tensor_Scalar(Tensor self, Scalar exponent) -> Tensor",
            Shapes.broadcast(t -> t, 0, 1),
            (a, x) -> power(x.get(0).cast(TypePromotion.common(a, 0, 1)), a.real(1)));
        r.elementwise("pow.Scalar(Scalar self, Tensor exponent) -> Tensor", Shapes.broadcast(t -> t, 0, 1),
            binary((x, y) -> of(POW, x, y), t -> t));
    }

    /** Small exponents as PyTorch has them: products and square roots, not pow. */
    private static Scalar power(Scalar x, double exponent) {
        DType t = x.dtype();
        if (exponent == 2) {
            return of(MUL, x, x);
        }
        if (exponent == 1) {
            return x;
        }
        if (exponent == 3) {
            return of(MUL, of(MUL, x, x), x);
        }
        if (t.isFloating()) {
            if (exponent == 0.5) {
                return of(SQRT, x);
            }
            if (exponent == -0.5) {
                return of(RSQRT, x);
            }
            if (exponent == -1) {
                return of(RECIPROCAL, x);
            }
        }
        return of(POW, x, literal(exponent, t));
    }

    private static void comparisons(Registry r) {
        List<ScalarOp> ops = List.of(EQ, NE, LT, LE, GT, GE);
        for (ScalarOp op : ops) {
            compare(r, op.text() + ".Tensor(Tensor self, Tensor other) -> Tensor", op);
            compare(r, op.text() + ".Scalar(Tensor self, Scalar other) -> Tensor", op);
        }
    }

    private static void compare(Registry r, String schema, ScalarOp op) {
        r.elementwise(schema, Shapes.broadcast(t -> DType.BOOL, 0, 1),
            binary((x, y) -> of(op, x, y), t -> t));
    }

    private static void logic(Registry r) {
        for (ScalarOp op : List.of(AND, OR, XOR)) {
            r.elementwise("logical_" + op.text() + ".default(Tensor self, Tensor other) -> Tensor",
                Shapes.broadcast(t -> DType.BOOL, 0, 1),
                binary((x, y) -> of(op, x.cast(DType.BOOL), y.cast(DType.BOOL)), t -> t));
        }
        both(r, "bitwise_and", (x, y) -> of(x.dtype() == DType.BOOL ? AND : BIT_AND, x, y), t -> t);
        both(r, "bitwise_or", (x, y) -> of(x.dtype() == DType.BOOL ? OR : BIT_OR, x, y), t -> t);
        both(r, "bitwise_xor", (x, y) -> of(x.dtype() == DType.BOOL ? XOR : BIT_XOR, x, y), t -> t);
        both(r, "bitwise_left_shift", (x, y) -> of(SHIFT_LEFT, x, y), t -> t, "Tensor", "Tensor_Scalar");
        both(r, "bitwise_right_shift", (x, y) -> of(SHIFT_RIGHT, x, y), t -> t, "Tensor", "Tensor_Scalar");
    }

    private static void divMode(Registry r) {
        for (String other : List.of("Tensor", "Scalar")) {
            r.elementwise("div." + other + "_mode(Tensor self, " + other
                + " other, *, str? rounding_mode) -> Tensor",
                dev.kiln.ops.schema.ShapeFunction.single(a -> dev.kiln.ops.graph.FakeTensor.contiguous(
                    divDType(a.isNone(2), TypePromotion.common(a, 0, 1)), Shapes.broadcastSizes(a, 0, 1))),
                (a, x) -> {
                    DType t = divDType(a.isNone(2), TypePromotion.common(a, 0, 1));
                    Scalar n = x.get(0).cast(t);
                    Scalar d = x.get(1).cast(t);
                    if (a.isNone(2)) {
                        return of(DIV, n, d);
                    }
                    if (a.arg(2) instanceof Arg.Str(String mode) && mode.equals("floor")) {
                        return floorDivide(n, d);
                    }
                    return t.isFloating() ? of(TRUNC, of(DIV, n, d)) : of(DIV, n, d);
                });
        }
    }

    private static DType divDType(boolean trueDivision, DType common) {
        return trueDivision ? TypePromotion.toFloating(common) : common;
    }

    private static Scalar floorDivide(Scalar x, Scalar y) {
        return of(FLOOR_DIV, x, y);
    }

    private static Scalar sum(Scalar x, Scalar y) {
        return x.dtype() == DType.BOOL ? of(OR, x, y) : of(ADD, x, y);
    }

    /** self op alpha * other. */
    private static ScalarFormula scaled(BinaryOperator<Scalar> body) {
        return (a, x) -> {
            DType t = TypePromotion.common(a, 0, 1);
            Scalar other = x.get(1).stored(t);
            boolean unit = a.real(2) == 1;
            return body.apply(x.get(0).cast(t), unit ? other : of(MUL, other, x.get(2).cast(t)));
        };
    }

    /** A number becomes an element of the common dtype first: {@code x < 0.1} compares with what bf16 has for 0.1. */
    private static ScalarFormula binary(BinaryOperator<Scalar> body, UnaryOperator<DType> dtype) {
        return (a, x) -> {
            DType t = dtype.apply(TypePromotion.common(a, 0, 1));
            return body.apply(x.get(0).stored(t), x.get(1).stored(t));
        };
    }

    /** Products and quotients take a number as precisely as they compute: f32 for f16 and bf16. */
    private static void precise(Registry r, String name, BinaryOperator<Scalar> body, UnaryOperator<DType> dtype,
            String tensorOverload) {
        tensors(r, name + "." + tensorOverload, body, dtype);
        r.elementwise(name + ".Scalar(Tensor self, Scalar other) -> Tensor", Shapes.broadcast(dtype, 0, 1), (a, x) -> {
            DType t = dtype.apply(TypePromotion.common(a, 0, 1));
            return body.apply(x.get(0).cast(t), x.get(1).cast(t));
        });
    }

    private static void tensors(Registry r, String name, BinaryOperator<Scalar> body,
        UnaryOperator<DType> dtype) {
        r.elementwise(name + "(Tensor self, Tensor other) -> Tensor", Shapes.broadcast(dtype, 0, 1),
            binary(body, dtype));
    }

    private static void both(Registry r, String name, BinaryOperator<Scalar> body,
        UnaryOperator<DType> dtype) {
        both(r, name, body, dtype, "Tensor", "Scalar");
    }

    private static void both(Registry r, String name, BinaryOperator<Scalar> body, UnaryOperator<DType> dtype,
            String tensorOverload, String scalarOverload) {
        tensors(r, name + "." + tensorOverload, body, dtype);
        r.elementwise(name + "." + scalarOverload + "(Tensor self, Scalar other) -> Tensor",
            Shapes.broadcast(dtype, 0, 1), binary(body, dtype));
    }
}
