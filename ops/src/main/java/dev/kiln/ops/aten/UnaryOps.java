package dev.kiln.ops.aten;

import static dev.kiln.ops.scalar.Scalar.literal;
import static dev.kiln.ops.scalar.Scalar.of;
import static dev.kiln.ops.scalar.Scalar.select;
import static dev.kiln.ops.scalar.ScalarOp.*;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarFormula;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;

/** Elementwise ops of one tensor: mathematical functions, rounding, tests, activations, conversions. */
final class UnaryOps {
    /** Functions that give floating results, also of integers. */
    private static final Map<String, ScalarOp> FLOATING = Map.ofEntries(
        Map.entry("exp", EXP), Map.entry("expm1", EXPM1), Map.entry("log", LOG), Map.entry("log1p", LOG1P),
        Map.entry("log2", LOG2), Map.entry("log10", LOG10), Map.entry("sqrt", SQRT), Map.entry("rsqrt", RSQRT),
        Map.entry("reciprocal", RECIPROCAL), Map.entry("sin", SIN), Map.entry("cos", COS), Map.entry("tan", TAN),
        Map.entry("asin", ASIN), Map.entry("acos", ACOS), Map.entry("atan", ATAN), Map.entry("sinh", SINH),
        Map.entry("cosh", COSH), Map.entry("tanh", TANH), Map.entry("asinh", ASINH), Map.entry("acosh", ACOSH),
        Map.entry("atanh", ATANH), Map.entry("erf", ERF), Map.entry("sigmoid", SIGMOID));

    private UnaryOps() {
    }

    static void register(Registry r) {
        FLOATING.forEach((name, op) -> floating(r, name, x -> of(op, x)));
        same(r, "neg", x -> of(NEG, x));
        same(r, "abs", x -> x.dtype() == DType.BOOL || x.dtype() == DType.U8 ? x : of(ABS, x));
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
        activations(r);
        conversion(r);
    }

    private static void activations(Registry r) {
        floating(r, "silu", x -> of(MUL, x, of(SIGMOID, x)));
        parametric(r, "gelu(Tensor self, *, str approximate=\"none\") -> Tensor",
            (a, x) -> a.string(1).equals("tanh") ? geluTanh(x) : gelu(x));
        parametric(r, "leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor", (a, x) ->
            select(of(GT, x, literal(0, x.dtype())), x, of(MUL, x, literal(a.real(1), x.dtype()))));
        parametric(r, "elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor",
            UnaryOps::elu);
        parametric(r, "hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor", (a, x) ->
            of(MIN, of(MAX, x, literal(a.real(1), x.dtype())), literal(a.real(2), x.dtype())));
        floating(r, "hardsigmoid", UnaryOps::hardSigmoid);
        floating(r, "hardswish", x -> of(MUL, x, hardSigmoid(x)));
        parametric(r, "softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor", UnaryOps::softplus);
        floating(r, "mish", x -> of(MUL, x, of(TANH, log1pExp(x))));
    }

    private static void conversion(Registry r) {
        ShapeFunction shape = ShapeFunction.single(a -> a.tensor(0)
            .withDType(a.dtype(1).orElse(a.tensor(0).dtype())).fresh(a.tensor(0).sizes()));
        r.elementwise("_to_copy(Tensor self, *, ScalarType? dtype=None, Layout? layout=None, Device? device=None, "
            + "bool? pin_memory=None, bool non_blocking=False, MemoryFormat? memory_format=None) -> Tensor",
            shape, (a, x) -> x.getFirst().cast(a.dtype(1).orElse(x.getFirst().dtype())));
    }

    private static Scalar rounded(ScalarOp op, Scalar x) {
        return x.dtype().isFloating() ? of(op, x) : x;
    }

    /** x/2 * (1 + erf(x / sqrt 2)). */
    private static Scalar gelu(Scalar x) {
        Scalar erf = of(ERF, of(MUL, x, literal(Math.sqrt(0.5), x.dtype())));
        return of(MUL, of(MUL, x, literal(0.5, x.dtype())), of(ADD, erf, literal(1, x.dtype())));
    }

    /** x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3))). */
    private static Scalar geluTanh(Scalar x) {
        Scalar cube = of(MUL, of(MUL, x, x), x);
        Scalar inner = of(MUL, of(ADD, x, of(MUL, cube, literal(0.044715, x.dtype()))),
            literal(Math.sqrt(2 / Math.PI), x.dtype()));
        return of(MUL, of(MUL, x, literal(0.5, x.dtype())), of(ADD, of(TANH, inner), literal(1, x.dtype())));
    }

    private static Scalar elu(OpArgs a, Scalar x) {
        DType t = x.dtype();
        Scalar negative = of(MUL, literal(a.real(1) * a.real(2), t), of(EXPM1, of(MUL, x, literal(a.real(3), t))));
        return select(of(GT, x, literal(0, t)), of(MUL, x, literal(a.real(2), t)), negative);
    }

    private static Scalar hardSigmoid(Scalar x) {
        DType t = x.dtype();
        Scalar shifted = of(ADD, x, literal(3, t));
        return of(DIV, of(MIN, of(MAX, shifted, literal(0, t)), literal(6, t)), literal(6, t));
    }

    private static Scalar softplus(OpArgs a, Scalar x) {
        DType t = x.dtype();
        Scalar scaled = of(MUL, x, literal(a.real(1), t));
        return select(of(GT, scaled, literal(a.real(2), t)), x, of(DIV, of(LOG1P, of(EXP, scaled)),
            literal(a.real(1), t)));
    }

    /** log(1 + e^x) without overflow. */
    private static Scalar log1pExp(Scalar x) {
        Scalar zero = literal(0, x.dtype());
        return of(ADD, of(MAX, x, zero), of(LOG1P, of(EXP, of(NEG, of(ABS, x)))));
    }

    private static void floating(Registry r, String name, UnaryOperator<Scalar> body) {
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

    private static void parametric(Registry r, String schema, BiFunction<OpArgs, Scalar, Scalar> body) {
        ScalarFormula formula = (a, x) -> body.apply(a, x.getFirst());
        r.elementwise(schema.replaceFirst("\\(", ".default("), Shapes.unary(t -> t), formula);
    }

}
