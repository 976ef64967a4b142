package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.pt2.schema.Argument;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.function.BinaryOperator;
import java.util.function.UnaryOperator;

/** Arithmetic on sizes: done during import, exact, without nodes in the graph. */
final class SymbolicOps {
    private static final Map<String, String> OPERATORS = Map.ofEntries(
        Map.entry("math.trunc", "trunc"), Map.entry("math.floor", "floor"), Map.entry("math.ceil", "ceil"),
        Map.entry("builtins.max", "max"), Map.entry("builtins.min", "min"), Map.entry("torch.sym_max", "max"),
        Map.entry("torch.sym_min", "min"), Map.entry("torch.sym_int", "trunc"), Map.entry("builtins.int", "trunc"),
        Map.entry("torch.sym_float", "float"), Map.entry("builtins.float", "float"), Map.entry("torch.sym_not", "not_"),
        Map.entry("torch.sym_ite", "ite"), Map.entry("torch.sym_sum", "sym_sum"),
        Map.entry("math.sqrt", "sqrt"), Map.entry("torch._sym_sqrt", "sqrt"), Map.entry("torch.sym_sqrt", "sqrt"),
        Map.entry("aten.sym_size.int", "sym_size"),
        Map.entry("aten.sym_stride.int", "sym_stride"), Map.entry("aten.sym_numel.default", "sym_numel"),
        Map.entry("aten.numel.default", "sym_numel"),
        Map.entry("aten.sym_storage_offset.default", "sym_storage_offset"));

    private static final Map<String, BinaryOperator<Fraction>> BINARY = Map.of(
        "add", Fraction::plus, "sub", Fraction::minus, "mul", Fraction::times,
        "truediv", Fraction::dividedBy, "floordiv", (a, b) -> Fraction.of(a.dividedBy(b).floor()),
        "mod", (a, b) -> Fraction.of(a.whole().mod(b.whole())), "pow", Fraction::power,
        "max", (a, b) -> Fraction.of(a.whole().max(b.whole())),
        "min", (a, b) -> Fraction.of(a.whole().min(b.whole())));

    private static final Map<String, UnaryOperator<Fraction>> UNARY = Map.of(
        "neg", a -> Fraction.of(SymInt.ZERO).minus(a), "pos", a -> a, "trunc", Fraction::truncated,
        "floor", a -> Fraction.of(a.floor()), "ceil", a -> Fraction.of(a.ceiling()), "float", a -> a);

    private static final List<String> RELATIONS = List.of("eq", "ne", "lt", "le", "gt", "ge");
    private static final List<String> SIZES = List.of("sym_size", "sym_stride", "sym_numel", "sym_storage_offset");

    private SymbolicOps() {
    }

    /** The operator's short name, or null if the target is not one of these. */
    private static String operator(String target) {
        String known = OPERATORS.get(target);
        boolean python = target.startsWith("_operator.") || target.startsWith("operator.");
        return known != null || !python ? known : target.substring(target.indexOf('.') + 1);
    }

    /** The translator of a target, or null. */
    static Translator find(String target) {
        String operator = operator(target);
        if (operator == null) {
            return null;
        }
        if (BINARY.containsKey(operator)) {
            return call -> binary(operator, call);
        }
        if (UNARY.containsKey(operator)) {
            return call -> unary(operator, call);
        }
        if (RELATIONS.contains(operator)) {
            return call -> List.of(relation(operator, call));
        }
        if (SIZES.contains(operator)) {
            return call -> NodeCall.one(new Arg.Int(size(operator, call)));
        }
        return switch (operator) {
            case "and_", "and" -> call -> List.of(bound(call, new Guard.All(List.of(truth(call, 0), truth(call, 1)))));
            case "or_", "or" -> call -> List.of(bound(call, new Guard.Any(List.of(truth(call, 0), truth(call, 1)))));
            case "not_", "not" -> call -> List.of(bound(call, truth(call, 0).negated()));
            case "sqrt" -> call -> List.of(root(call));
            case "sym_sum" -> call -> List.of(sum(call));
            case "ite" -> call -> NodeCall.one(call.arg(call.argument(call.symbols().holds(truth(call, 0)) ? 1 : 2)));
            default -> null;
        };
    }

    private static SymInt size(String operator, NodeCall call) {
        FakeTensor self = call.type(call.tensor("self", 0));
        if (operator.equals("sym_numel")) {
            return self.numel();
        }
        if (operator.equals("sym_storage_offset")) {
            return SymInt.ZERO;
        }
        if (!(call.arg(call.argument("dim", 1)) instanceof Arg.Int(SymInt given))) {
            throw new KilnException.BadInput("argument 'dim' is not an integer");
        }
        long dim = given.asLong() < 0 ? given.asLong() + self.rank() : given.asLong();
        if (dim < 0 || dim >= self.rank()) {
            throw new KilnException.BadInput("dimension " + given + " is out of range for rank " + self.rank());
        }
        return (operator.equals("sym_size") ? self.sizes() : FakeTensor.contiguousStrides(self.sizes())).get((int) dim);
    }

    private record Number(Fraction value, boolean real) {
        Bound bound() {
            return real ? new Bound.Quotient(value) : new Bound.Plain(new Arg.Int(value.whole()));
        }
    }

    private static List<Bound> binary(String operator, NodeCall call) {
        if (FloatScalars.occurs(call)) {
            return FloatScalars.arithmetic(operator, call);
        }
        Number a = number(call, 0);
        Number b = number(call, 1);
        boolean real = operator.equals("truediv") || a.real || b.real;
        return List.of(new Number(BINARY.get(operator).apply(a.value, b.value), real).bound());
    }

    private static List<Bound> unary(String operator, NodeCall call) {
        if (FloatScalars.occurs(call)) {
            return FloatScalars.arithmetic(operator, call);
        }
        Number a = number(call, 0);
        boolean real = operator.equals("float") || a.real && (operator.equals("neg") || operator.equals("pos"));
        return List.of(new Number(UNARY.get(operator).apply(a.value), real).bound());
    }

    /** Of numbers alone: a symbol's root is no exact quotient. */
    private static Bound root(NodeCall call) {
        Fraction value = number(call, 0).value;
        if (value.numerator().isConstant() && value.denominator().isConstant()) {
            double quotient = (double) value.numerator().asLong() / value.denominator().asLong();
            return new Bound.Plain(new Arg.Real(Math.sqrt(quotient)));
        }
        throw new KilnException.Unsupported("the square root of a size that is not known is not supported");
    }

    private static Bound sum(NodeCall call) {
        if (call.arg(call.argument(0)) instanceof Arg.Ints(List<SymInt> values)) {
            return new Bound.Plain(new Arg.Int(values.stream().reduce(SymInt.ZERO, SymInt::plus)));
        }
        throw new KilnException.BadInput("argument 1 is not a list of sizes");
    }

    private static Number number(NodeCall call, int position) {
        Argument argument = call.argument(position);
        String name = switch (argument) {
            case Argument.SymScalar(String n) -> n;
            case Argument.SymInt(Argument.SymIntArg.Name(String n)) -> n;
            default -> null;
        };
        if (name != null && call.scope().get(name) instanceof Bound.Quotient(Fraction value)) {
            return new Number(value, true);
        }
        return switch (call.arg(argument)) {
            case Arg.Int(SymInt value) -> new Number(Fraction.of(value), false);
            case Arg.Bool(boolean value) -> new Number(Fraction.of(SymInt.of(value ? 1 : 0)), false);
            case Arg.Real(double value) -> new Number(Fraction.parse(new BigDecimal(value).toPlainString()), true);
            case Arg.Ref r -> throw new KilnException.Unsupported("argument " + (position + 1)
                + " is a float or bool that comes from data");
            default -> throw new KilnException.BadInput("argument " + (position + 1) + " is not a number");
        };
    }

    private static Bound relation(String operator, NodeCall call) {
        if (FloatScalars.occurs(call)) {
            return FloatScalars.arithmetic(operator, call).getFirst();
        }
        return bound(call, Comparisons.of(operator, number(call, 0).value.whole(), number(call, 1).value.whole()));
    }

    /** A condition that is known is a literal, any other waits until somebody asks about it. */
    private static Bound bound(NodeCall call, Guard guard) {
        return call.symbols().isDecided(guard) ? new Bound.Plain(new Arg.Bool(call.symbols().holds(guard)))
            : new Bound.Condition(guard);
    }

    /** An argument as a condition. */
    static Guard truth(NodeCall call, int position) {
        Argument argument = call.argument(position);
        if (argument instanceof Argument.SymScalar(String name)
                && call.scope().get(name) instanceof Bound.Condition(Guard guard)) {
            return guard;
        }
        return switch (call.arg(argument)) {
            case Arg.Bool(boolean value) -> value ? Guard.TRUE : Guard.FALSE;
            case Arg.Int(SymInt value) -> Comparisons.of("!=", value, SymInt.ZERO);
            default -> throw new KilnException.BadInput("argument " + (position + 1) + " is not a condition");
        };
    }
}
