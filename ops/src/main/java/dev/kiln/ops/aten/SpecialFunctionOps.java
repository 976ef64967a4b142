package dev.kiln.ops.aten;

import static dev.kiln.ops.scalar.Scalar.literal;
import static dev.kiln.ops.scalar.Scalar.of;
import static dev.kiln.ops.scalar.Scalar.select;
import static dev.kiln.ops.scalar.ScalarOp.*;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.schema.OpTable.Registry;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/** Elementwise functions that are built of others. */
final class SpecialFunctionOps {
    private SpecialFunctionOps() {
    }

    static void register(Registry r) {
        UnaryOps.floating(r, "erfc", x -> of(SUB, literal(1, x.dtype()), of(ERF, x)));
        UnaryOps.floating(r, "sinc", SpecialFunctionOps::sinc);
        UnaryOps.floating(r, "deg2rad", x -> of(MUL, x, literal(Math.PI / 180, x.dtype())));
        UnaryOps.floating(r, "rad2deg", x -> of(MUL, x, literal(180 / Math.PI, x.dtype())));
        UnaryOps.floating(r, "special_entr", SpecialFunctionOps::entropy);
        UnaryOps.floating(r, "special_ndtr", x -> of(MUL, literal(0.5, x.dtype()),
            of(ADD, literal(1, x.dtype()), of(ERF, of(MUL, x, literal(Math.sqrt(0.5), x.dtype()))))));
        r.elementwise("signbit.default(Tensor self) -> Tensor", Shapes.unary(t -> DType.BOOL),
            (a, x) -> negative(x.getFirst()));
        for (String other : List.of("Tensor", "Scalar")) {
            binary(r, "copysign." + other, other, SpecialFunctionOps::copySign, TypePromotion::toFloating);
        }
        binary(r, "hypot.default", "Tensor", SpecialFunctionOps::hypotenuse, t -> t);
        binary(r, "heaviside.default", "Tensor", SpecialFunctionOps::heaviside, t -> t);
        binary(r, "logaddexp2.default", "Tensor", SpecialFunctionOps::logAddExp2, t -> t);
        binary(r, "ldexp.Tensor", "Tensor", (x, y) -> of(MUL, x, of(POW, literal(2, x.dtype()), y)),
            TypePromotion::toFloating);
        binary(r, "float_power.Tensor_Tensor", "Tensor", (x, y) -> of(POW, x, y), t -> DType.F64);
    }

    private static void binary(Registry r, String name, String other, BinaryOperator<Scalar> body,
            UnaryOperator<DType> dtype) {
        String second = name.startsWith("heaviside") ? "values" : name.startsWith("float_power") ? "exponent" : "other";
        r.elementwise(name + "(Tensor self, " + other + " " + second + ") -> Tensor", Shapes.broadcast(dtype, 0, 1),
            (a, x) -> {
                DType t = dtype.apply(TypePromotion.common(a, 0, 1));
                return body.apply(x.get(0).stored(t), x.get(1).stored(t));
            });
    }

    private static Scalar sinc(Scalar x) {
        Scalar angle = of(MUL, x, literal(Math.PI, x.dtype()));
        return select(of(EQ, x, literal(0, x.dtype())), literal(1, x.dtype()), of(DIV, of(SIN, angle), angle));
    }

    /** -x log x; 0 at 0, minus infinity below. */
    private static Scalar entropy(Scalar x) {
        Scalar zero = literal(0, x.dtype());
        Scalar below = select(of(EQ, x, zero), zero, literal(Double.NEGATIVE_INFINITY, x.dtype()));
        return select(of(IS_NAN, x), x, select(of(GT, x, zero), of(MUL, of(NEG, x), of(LOG, x)), below));
    }

    /** A zero's sign shows in its reciprocal. */
    private static Scalar negative(Scalar x) {
        DType t = x.dtype();
        if (!t.isFloating()) {
            return t == DType.BOOL || t.isUnsigned() ? literal(0, DType.BOOL) : of(LT, x, literal(0, t));
        }
        Scalar zero = literal(0, t);
        return select(of(EQ, x, zero), of(LT, of(DIV, literal(1, t), x), zero), of(LT, x, zero));
    }

    private static Scalar copySign(Scalar x, Scalar y) {
        Scalar size = of(ABS, x);
        return select(negative(y), of(NEG, size), size);
    }

    /** Scaled by the larger side, so that squares do not overflow. */
    private static Scalar hypotenuse(Scalar x, Scalar y) {
        DType t = x.dtype();
        Scalar a = of(ABS, x);
        Scalar b = of(ABS, y);
        Scalar large = of(MAX, a, b);
        Scalar ratio = of(DIV, of(MIN, a, b), large);
        Scalar length = of(MUL, large, of(SQRT, of(ADD, literal(1, t), of(MUL, ratio, ratio))));
        Scalar finite = select(of(EQ, large, literal(0, t)), literal(0, t), length);
        return select(of(OR, of(IS_INF, x), of(IS_INF, y)), literal(Double.POSITIVE_INFINITY, t), finite);
    }

    private static Scalar heaviside(Scalar x, Scalar atZero) {
        DType t = x.dtype();
        Scalar zero = literal(0, t);
        Scalar step = select(of(GT, x, zero), literal(1, t), zero);
        return select(of(EQ, x, zero), atZero, step);
    }

    private static Scalar logAddExp2(Scalar x, Scalar y) {
        DType t = x.dtype();
        Scalar small = of(POW, literal(2, t), of(NEG, of(ABS, of(SUB, x, y))));
        Scalar sum = of(ADD, of(MAX, x, y), of(MUL, of(LOG1P, small), literal(1 / Math.log(2), t)));
        return select(of(AND, of(IS_INF, x), of(EQ, x, y)), x, sum);
    }
}
