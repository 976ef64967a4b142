package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Arithmetic and mathematical functions, element by element. One-element constants become numbers of the
 * call.
 */
final class ElementwiseImports {
    /** Functions whose ATen name is the ONNX name in small letters. */
    private static final List<String> UNARY = List.of("Abs", "Neg", "Sign", "Floor", "Ceil", "Round", "Exp",
        "Log", "Sqrt", "Reciprocal", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Tanh",
        "Asinh", "Acosh", "Atanh", "Erf", "Sigmoid", "Relu");

    private ElementwiseImports() {
    }

    static void register(Registry r) {
        UNARY.forEach(type -> {
            String overload = "aten." + type.toLowerCase(Locale.ROOT) + ".default";
            r.tensor(type, n -> n.call(overload, n.tensor(0)));
        });
        r.tensor("BitwiseNot", n -> n.call("aten.bitwise_not.default", n.tensor(0)));
        r.tensor("Add", n -> commutative(n, "add"));
        r.tensor("Mul", n -> commutative(n, "mul"));
        r.tensor("Sub", ElementwiseImports::subtract);
        r.tensor("Div", ElementwiseImports::divide);
        r.tensor("Mod", n -> binary(n, n.attributes().flag("fmod", false) ? "fmod" : "remainder"));
        r.tensor("Pow", ElementwiseImports::power);
        r.tensor("BitwiseAnd", n -> commutative(n, "bitwise_and"));
        r.tensor("BitwiseOr", n -> commutative(n, "bitwise_or"));
        r.tensor("BitwiseXor", n -> commutative(n, "bitwise_xor"));
        r.tensor("BitShift", ElementwiseImports::shift);
        r.tensor("Sum", n -> variadic(n, "aten.add.Tensor"));
        r.tensor("Max", n -> variadic(n, "aten.maximum.default"));
        r.tensor("Min", n -> variadic(n, "aten.minimum.default"));
        r.tensor("Mean", n -> n.call("aten.div.Scalar", variadic(n, "aten.add.Tensor"), n.inputs()));
        r.tensor("Clip", ElementwiseImports::clip);
        r.tensor("Where", n -> {
            sameDType(n, 1, 2);
            return n.call("aten.where.self", n.tensor(0), n.tensor(1), n.tensor(2));
        });
    }

    /** ONNX promotes nothing: both operands must have one dtype. */
    static void sameDType(NodeImport n, int left, int right) {
        DType a = n.valueType(left);
        DType b = n.valueType(right);
        if (a != b) {
            throw new KilnException.BadInput("its inputs have different element types, " + a + " and " + b);
        }
    }

    private static Arg.Ref commutative(NodeImport n, String packet) {
        sameDType(n, 0, 1);
        Optional<Arg> left = n.number(0, n.valueRank(1));
        if (left.isPresent() && !n.hasLegacyAxis() && n.number(1, n.valueRank(0)).isEmpty()) {
            return n.call("aten." + packet + ".Scalar", n.tensor(1), left.get());
        }
        return binary(n, packet);
    }

    /** The overload for a tensor or a number on the right. */
    static Arg.Ref binary(NodeImport n, String packet) {
        sameDType(n, 0, 1);
        if (n.hasLegacyAxis()) {
            return n.call("aten." + packet + ".Tensor", n.tensor(0), n.legacyOperand());
        }
        Optional<Arg> right = n.number(1, n.valueRank(0));
        return right.isPresent() ? n.call("aten." + packet + ".Scalar", n.tensor(0), right.get())
            : n.call("aten." + packet + ".Tensor", n.tensor(0), n.tensor(1));
    }

    private static Arg.Ref subtract(NodeImport n) {
        sameDType(n, 0, 1);
        Optional<Arg> left = n.number(0, n.valueRank(1));
        return left.isPresent() ? n.call("aten.rsub.Scalar", n.tensor(1), left.get()) : binary(n, "sub");
    }

    private static Arg.Ref divide(NodeImport n) {
        if (n.valueType(0).isFloating()) {
            return binary(n, "div");
        }
        sameDType(n, 0, 1);
        Optional<Arg> right = n.number(1, n.valueRank(0));
        return right.isPresent() ? n.call("aten.div.Scalar_mode", n.tensor(0), right.get(), "trunc")
            : n.call("aten.div.Tensor_mode", n.tensor(0), n.tensor(1), "trunc");
    }

    /** The result has the base's dtype, whatever the exponent's is. */
    private static Arg.Ref power(NodeImport n) {
        Arg.Ref base = n.tensor(0);
        Optional<Arg> exponent = n.number(1, n.rank(base)).map(e -> wholeNumber(e, n.dtype(base)));
        Arg.Ref result = exponent.isPresent() ? n.call("aten.pow.Tensor_Scalar", base, exponent.get())
            : n.call("aten.pow.Tensor_Tensor", base, n.tensor(1));
        return n.cast(result, n.dtype(base));
    }

    /** An integral base stays integral under a floating exponent without a fraction. */
    private static Arg wholeNumber(Arg exponent, DType base) {
        return !base.isFloating() && exponent instanceof Arg.Real(double value) && value == Math.rint(value)
            && Math.abs(value) < 64 ? Arg.of((long) value) : exponent;
    }

    private static Arg.Ref shift(NodeImport n) {
        sameDType(n, 0, 1);
        String direction = n.attributes().string("direction", "");
        return switch (direction) {
            case "LEFT" -> n.call("aten.bitwise_left_shift.Tensor", n.tensor(0), n.tensor(1));
            case "RIGHT" -> n.call("aten.bitwise_right_shift.Tensor", n.tensor(0), n.tensor(1));
            default -> throw new KilnException.BadInput("direction must be LEFT or RIGHT, is '" + direction
                + "'");
        };
    }

    private static Arg.Ref variadic(NodeImport n, String overload) {
        List<Arg.Ref> inputs = n.tensors();
        Arg.Ref result = inputs.getFirst();
        for (int i = 1; i < inputs.size(); i++) {
            sameDType(n, 0, i);
            result = n.call(overload, result, inputs.get(i));
        }
        return result;
    }

    /** Bounds are attributes before opset 11, then inputs. */
    private static Arg.Ref clip(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        if (!n.since(11)) {
            return clamp(n, x, attribute(n, "min"), attribute(n, "max"));
        }
        Optional<Arg> min = bound(n, 1);
        Optional<Arg> max = bound(n, 2);
        if (min.isPresent() && max.isPresent()) {
            return clamp(n, x, min.get(), max.get());
        }
        return n.call("aten.clamp.Tensor", x, n.optionalTensor(1), n.optionalTensor(2));
    }

    private static Arg.Ref clamp(NodeImport n, Arg.Ref x, Arg min, Arg max) {
        boolean open = min instanceof Arg.None && max instanceof Arg.None;
        return open ? x : n.call("aten.clamp.default", x, min, max);
    }

    private static Arg attribute(NodeImport n, String name) {
        return n.attributes().has(name) ? new Arg.Real(n.attributes().real(name, 0)) : Arg.NONE;
    }

    /** The bound if it is left out or a number; empty if it is a tensor. */
    private static Optional<Arg> bound(NodeImport n, int input) {
        if (!n.has(input)) {
            return Optional.of(Arg.NONE);
        }
        sameDType(n, 0, input);
        return n.number(input, Integer.MAX_VALUE);
    }
}
