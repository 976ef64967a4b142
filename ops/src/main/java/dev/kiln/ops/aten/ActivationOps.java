package dev.kiln.ops.aten;

import static dev.kiln.ops.aten.UnaryOps.floating;
import static dev.kiln.ops.scalar.Scalar.literal;
import static dev.kiln.ops.scalar.Scalar.of;
import static dev.kiln.ops.scalar.Scalar.select;
import static dev.kiln.ops.scalar.ScalarOp.*;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarFormula;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpTable.Registry;
import java.util.function.BiFunction;

/** Activation functions. */
final class ActivationOps {
    private ActivationOps() {
    }

    static void register(Registry r) {
        floating(r, "silu", x -> of(MUL, x, of(SIGMOID, x)));
        parametric(r, "gelu(Tensor self, *, str approximate=\"none\") -> Tensor",
            (a, x) -> a.string(1).equals("tanh") ? geluTanh(x) : gelu(x));
        parametric(r, "leaky_relu(Tensor self, Scalar negative_slope=0.01) -> Tensor", (a, x) ->
            select(of(GT, x, literal(0, x.dtype())), x, of(MUL, x, literal(a.real(1), x.dtype()))));
        parametric(r, "elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor",
            (a, x) -> elu(x, a.real(1), a.real(2), a.real(3)));
        parametric(r, "celu(Tensor self, Scalar alpha=1.0) -> Tensor", (a, x) ->
            elu(x, a.real(1), 1, 1 / a.real(1)));
        parametric(r, "selu(Tensor self) -> Tensor", (a, x) ->
            elu(x, 1.6732632423543772, 1.0507009873554805, 1));
        parametric(r, "hardtanh(Tensor self, Scalar min_val=-1, Scalar max_val=1) -> Tensor",
            (a, x) -> clamped(x, a.real(1), a.real(2)));
        parametric(r, "relu6(Tensor self) -> Tensor", (a, x) -> clamped(x, 0, 6));
        floating(r, "hardsigmoid", ActivationOps::hardSigmoid);
        floating(r, "hardswish", x -> of(MUL, x, hardSigmoid(x)));
        parametric(r, "softplus(Tensor self, Scalar beta=1, Scalar threshold=20) -> Tensor",
            ActivationOps::softplus);
        floating(r, "mish", x -> of(MUL, x, of(TANH, log1pExp(x))));
        floating(r, "log_sigmoid", x -> of(SUB, of(MIN, x, literal(0, x.dtype())), log1pExpOfMinusAbs(x)));
        parametric(r, "hardshrink(Tensor self, Scalar lambd=0.5) -> Tensor", ActivationOps::hardShrink);
        parametric(r, "softshrink(Tensor self, Scalar lambd=0.5) -> Tensor", ActivationOps::softShrink);
        parametric(r, "threshold(Tensor self, Scalar threshold, Scalar value) -> Tensor", (a, x) ->
            select(of(LE, x, literal(a.real(1), x.dtype())), literal(a.real(2), x.dtype()), x));
        r.elementwise("_prelu_kernel.default(Tensor self, Tensor weight) -> Tensor",
            Shapes.broadcast(t -> t, 0, 1),
            (a, x) -> select(of(GT, x.get(0), literal(0, x.get(0).dtype())), x.get(0),
                of(MUL, x.get(1), x.get(0))));
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

    private static Scalar elu(Scalar x, double alpha, double scale, double inputScale) {
        DType t = x.dtype();
        Scalar negative = of(MUL, literal(alpha * scale, t), of(EXPM1, of(MUL, x, literal(inputScale, t))));
        return select(of(GT, x, literal(0, t)), of(MUL, x, literal(scale, t)), negative);
    }

    private static Scalar clamped(Scalar x, double min, double max) {
        return of(MIN, of(MAX, x, literal(min, x.dtype())), literal(max, x.dtype()));
    }

    private static Scalar hardSigmoid(Scalar x) {
        DType t = x.dtype();
        return of(DIV, clamped(of(ADD, x, literal(3, t)), 0, 6), literal(6, t));
    }

    private static Scalar softplus(OpArgs a, Scalar x) {
        DType t = x.dtype();
        Scalar scaled = of(MUL, x, literal(a.real(1), t));
        return select(of(GT, scaled, literal(a.real(2), t)), x, of(DIV, of(LOG1P, of(EXP, scaled)),
            literal(a.real(1), t)));
    }

    private static Scalar hardShrink(OpArgs a, Scalar x) {
        DType t = x.dtype();
        Scalar lambda = literal(a.real(1), DType.F64).stored(t);
        Scalar small = of(AND, of(GE, x, of(NEG, lambda)), of(LE, x, lambda));
        return select(small, literal(0, t), x);
    }

    /** x moved towards zero by lambda; a NaN stays. */
    private static Scalar softShrink(OpArgs a, Scalar x) {
        DType t = x.dtype();
        Scalar lambda = literal(a.real(1), t);
        return select(of(GT, x, lambda), of(SUB, x, lambda),
            select(of(LT, x, literal(-a.real(1), t)), of(ADD, x, lambda), of(MUL, x, literal(0, t))));
    }

    /** log(1 + e^x) without overflow. */
    private static Scalar log1pExp(Scalar x) {
        return of(ADD, of(MAX, x, literal(0, x.dtype())), log1pExpOfMinusAbs(x));
    }

    private static Scalar log1pExpOfMinusAbs(Scalar x) {
        return of(LOG1P, of(EXP, of(NEG, of(ABS, x))));
    }

    private static void parametric(Registry r, String schema, BiFunction<OpArgs, Scalar, Scalar> body) {
        ScalarFormula formula = (a, x) -> body.apply(a, x.getFirst());
        r.elementwise(schema.replaceFirst("\\(", ".default("), Shapes.unary(t -> t), formula);
    }
}
