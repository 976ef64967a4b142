package dev.kiln.ops.aten;

import static dev.kiln.ops.scalar.Scalar.literal;
import static dev.kiln.ops.scalar.Scalar.of;
import static dev.kiln.ops.scalar.Scalar.select;
import static dev.kiln.ops.scalar.ScalarOp.*;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Elementwise ops of one tensor: mathematical functions, rounding, tests, conversions. */
final class UnaryOps {
    /** Functions that give floating results, also of integers. */
    private static final Map<String, ScalarOp> FLOATING = Map.ofEntries(
        Map.entry("exp", EXP), Map.entry("expm1", EXPM1), Map.entry("log", LOG), Map.entry("log1p", LOG1P),
        Map.entry("log2", LOG2), Map.entry("log10", LOG10), Map.entry("sqrt", SQRT),
        Map.entry("rsqrt", RSQRT), Map.entry("reciprocal", RECIPROCAL), Map.entry("sin", SIN),
        Map.entry("cos", COS), Map.entry("tan", TAN), Map.entry("asin", ASIN), Map.entry("acos", ACOS),
        Map.entry("atan", ATAN), Map.entry("sinh", SINH), Map.entry("cosh", COSH), Map.entry("tanh", TANH),
        Map.entry("asinh", ASINH), Map.entry("acosh", ACOSH), Map.entry("atanh", ATANH),
        Map.entry("erf", ERF), Map.entry("sigmoid", SIGMOID));

    private UnaryOps() {
    }

    static void register(Registry r) {
        FLOATING.forEach((name, op) -> floating(r, name, x -> of(op, x)));
        same(r, "neg", x -> of(NEG, x));
        same(r, "abs", x -> x.dtype() == DType.BOOL || x.dtype().isUnsigned() ? x : of(ABS, x));
        same(r, "sign", x -> x.dtype() == DType.BOOL ? x : of(SIGN, x));
        same(r, "floor", x -> rounded(FLOOR, x));
        same(r, "ceil", x -> rounded(CEIL, x));
        same(r, "round", x -> rounded(ROUND, x));
        same(r, "trunc", x -> rounded(TRUNC, x));
        same(r, "relu", x -> of(MAX, x, literal(0, x.dtype())));
        same(r, "bitwise_not", x -> x.dtype() == DType.BOOL ? of(NOT, x) : of(BIT_NOT, x));
        same(r, "clone", x -> x, ", *, MemoryFormat? memory_format=None");
        same(r, "alias", x -> x);
        test(r, "logical_not", x -> of(NOT, x.cast(DType.BOOL)));
        test(r, "isnan", x -> x.dtype().isFloating() ? of(IS_NAN, x) : literal(0, DType.BOOL));
        test(r, "isinf", x -> x.dtype().isFloating() ? of(IS_INF, x) : literal(0, DType.BOOL));
        ActivationOps.register(r);
        more(r);
        conversion(r);
    }

    private static void more(Registry r) {
        floating(r, "exp2", x -> of(POW, literal(2, x.dtype()), x));
        same(r, "positive", x -> x);
        same(r, "detach", x -> x);
        same(r, "lift_fresh_copy", x -> x);
        same(r, "contiguous", x -> x, ", *, MemoryFormat memory_format=contiguous_format");
        same(r, "sgn", x -> x.dtype() == DType.BOOL ? x : of(SIGN, x));
        same(r, "frac", x -> of(SUB, x, of(TRUNC, x)));
        r.elementwise("square.default(Tensor self) -> Tensor", Shapes.unary(UnaryOps::squareDType),
            (a, x) -> square(x.getFirst().cast(squareDType(x.getFirst().dtype()))));
        test(r, "isfinite", x -> x.dtype().isFloating() ? of(NOT, of(OR, of(IS_NAN, x), of(IS_INF, x)))
            : literal(1, DType.BOOL));
        test(r, "isposinf", x -> infinite(x, Double.POSITIVE_INFINITY));
        test(r, "isneginf", x -> infinite(x, Double.NEGATIVE_INFINITY));
        r.elementwise("round.decimals(Tensor self, *, int decimals=0) -> Tensor", Shapes.unary(t -> t),
            (a, x) ->
            decimals(x.getFirst(), (int) a.integer(1)));
        r.elementwise("logit.default(Tensor self, float? eps=None) -> Tensor",
            Shapes.unary(TypePromotion::toFloating),
            (a, x) -> logit(a, x.getFirst().cast(TypePromotion.toFloating(x.getFirst().dtype()))));
        r.elementwise("nan_to_num.default(Tensor self, float? nan=None, float? posinf=None, "
            + "float? neginf=None) "
            + "-> Tensor", Shapes.unary(t -> t), (a, x) -> nanToNum(a, x.getFirst()));
    }

    private static Scalar square(Scalar x) {
        return of(MUL, x, x);
    }

    private static DType squareDType(DType dtype) {
        return dtype == DType.BOOL ? DType.I64 : dtype;
    }

    private static Scalar infinite(Scalar x, double which) {
        return x.dtype().isFloating() ? of(EQ, x, literal(which, x.dtype())) : literal(0, DType.BOOL);
    }

    /** Rounds to a decimal place; negative places stand before the point. */
    private static Scalar decimals(Scalar x, int places) {
        if (!x.dtype().isFloating()) {
            return x;
        }
        Scalar power = literal(Math.pow(10, Math.abs(places)), x.dtype());
        return places < 0 ? of(MUL, of(ROUND, of(DIV, x, power)), power)
            : of(DIV, of(ROUND, of(MUL, x, power)), power);
    }

    private static Scalar logit(OpArgs a, Scalar x) {
        DType t = x.dtype();
        Scalar p = a.isNone(1) ? x : of(MIN, of(MAX, x, literal(a.real(1), t)), literal(1 - a.real(1), t));
        return of(LOG, of(DIV, p, of(SUB, literal(1, t), p)));
    }

    private static Scalar nanToNum(OpArgs a, Scalar x) {
        DType t = x.dtype();
        if (!t.isFloating()) {
            return x;
        }
        Scalar finite = select(of(IS_INF, x), select(of(GT, x, literal(0, t)),
            literal(a.isNone(2) ? largest(t) : a.real(2), t),
            literal(a.isNone(3) ? -largest(t) : a.real(3), t)), x);
        return select(of(IS_NAN, x), literal(a.isNone(1) ? 0 : a.real(1), t), finite);
    }

    private static double largest(DType dtype) {
        return switch (dtype) {
            case F16 -> 65504;
            case BF16 -> 0x1.fep127;
            case F32 -> Float.MAX_VALUE;
            default -> Double.MAX_VALUE;
        };
    }

    private static void conversion(Registry r) {
        ShapeFunction shape = ShapeFunction.single(a -> a.tensor(0)
            .withDType(a.dtype(1).orElse(a.tensor(0).dtype())).fresh(a.tensor(0).sizes()));
        r.elementwise("_to_copy.default(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, "
            + "Device? device=None, "
            + "bool? pin_memory=None, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor",
            shape, (a, x) -> x.getFirst().stored(a.dtype(1).orElse(x.getFirst().dtype())));
        r.elementwise("to.dtype(Tensor self, ScalarType dtype, bool non_blocking=False, bool copy=False, "
            + "MemoryFormat? memory_format=None) -> Tensor",
            shape, (a, x) -> x.getFirst().stored(a.dtype(1).orElse(x.getFirst().dtype())));
    }

    private static Scalar rounded(ScalarOp op, Scalar x) {
        return x.dtype().isFloating() ? of(op, x) : x;
    }

    static void floating(Registry r, String name, UnaryOperator<Scalar> body) {
        r.elementwise(name + ".default(Tensor self) -> Tensor", Shapes.unary(TypePromotion::toFloating),
            (a, x) -> body.apply(x.getFirst().cast(TypePromotion.toFloating(x.getFirst().dtype()))));
    }

    private static void same(Registry r, String name, UnaryOperator<Scalar> body) {
        same(r, name, body, "");
    }

    private static void same(Registry r, String name, UnaryOperator<Scalar> body, String more) {
        r.elementwise(name + ".default(Tensor self" + more + ") -> Tensor", Shapes.unary(t -> t),
            (a, x) -> body.apply(x.getFirst()));
    }

    private static void test(Registry r, String name, UnaryOperator<Scalar> body) {
        r.elementwise(name + ".default(Tensor self) -> Tensor", Shapes.unary(t -> DType.BOOL),
            (a, x) -> body.apply(x.getFirst()));
    }
}
