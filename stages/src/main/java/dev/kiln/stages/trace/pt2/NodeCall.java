package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.pt2.archive.TorchTypes;
import dev.kiln.stages.trace.pt2.schema.Argument;
import dev.kiln.stages.trace.pt2.schema.Argument.SymIntArg;
import dev.kiln.stages.trace.pt2.schema.ProgramNode;
import java.util.List;
import java.util.Optional;

/** A node while it is translated: its arguments by name or position, as values of the graph that is built. */
record NodeCall(ProgramNode node, Scope scope, GraphBuilder builder, Symbols symbols) {

    Optional<Argument> given(String name) {
        return node.inputs().stream().filter(i -> i.name().equals(name)).findFirst().map(ProgramNode.Input::value);
    }

    /** An argument by its name, or by its position if the file does not name it. */
    Argument argument(String name, int position) {
        return given(name).or(() -> position < node.inputs().size() && node.inputs().get(position).name().isEmpty()
            ? Optional.of(node.inputs().get(position).value()) : Optional.empty())
            .orElseThrow(() -> new KilnException.BadInput("argument '" + name + "' is missing"));
    }

    Argument argument(int position) {
        if (position >= node.inputs().size()) {
            throw new KilnException.BadInput("argument " + (position + 1) + " is missing");
        }
        return node.inputs().get(position).value();
    }

    Arg.Ref tensor(String name, int position) {
        if (argument(name, position) instanceof Argument.Tensor(String value)) {
            return scope.tensor(value);
        }
        throw new KilnException.BadInput("argument '" + name + "' is not a tensor");
    }

    /** An argument that is given, else a default. */
    Arg arg(String name, Arg otherwise) {
        return given(name).map(this::arg).orElse(otherwise);
    }

    FakeTensor type(Arg.Ref ref) {
        return builder.tensor(ref);
    }

    Arg.Ref call(String overload, Object... args) {
        return builder.call(overload, args);
    }

    /** An argument as the graph writes it; empty lists are lists of integers until the schema says otherwise. */
    Arg arg(Argument argument) {
        return switch (argument) {
            case Argument.None n -> Arg.NONE;
            case Argument.Tensor(String name) -> plain(name);
            case Argument.Tensors(List<String> names) -> names.isEmpty() ? new Arg.Ints(List.of())
                : new Arg.Refs(names.stream().map(scope::tensor).toList());
            case Argument.OptionalTensors(List<Optional<String>> names) -> new Arg.Refs(names.stream()
                .map(n -> n.map(scope::tensor).orElse(Arg.ABSENT)).toList());
            case Argument.Int(long value) -> Arg.of(value);
            case Argument.Ints(List<Long> values) -> new Arg.Ints(values.stream().map(SymInt::of).toList());
            case Argument.Float(double value) -> new Arg.Real(value);
            case Argument.Floats(List<Double> values) -> new Arg.Reals(values);
            case Argument.Bool(boolean value) -> new Arg.Bool(value);
            case Argument.Bools(List<Boolean> values) -> new Arg.Bools(values);
            case Argument.Text(String value) -> new Arg.Str(value);
            case Argument.SymInt(SymIntArg value) -> new Arg.Int(size(value));
            case Argument.SymInts(List<SymIntArg> values) -> new Arg.Ints(values.stream().map(this::size).toList());
            case Argument.SymScalar(String name) -> plain(name);
            case Argument.Device(String text) -> new Arg.Str(text);
            case Argument.ScalarType(long number) -> new Arg.Type(TorchTypes.numbered("argument", number));
            default -> throw new KilnException.Unsupported("it takes an argument of kind "
                + kind(argument) + ", which is not supported");
        };
    }

    private static String kind(Argument argument) {
        return switch (argument) {
            case Argument.CustomObject(String name, String type) -> "custom object (" + type + ")";
            case Argument.Other(String variant) -> variant;
            default -> argument.getClass().getSimpleName();
        };
    }

    /** A name's value as an argument; asking about a condition decides it. */
    Arg plain(String name) {
        return switch (scope.get(name)) {
            case Bound.Plain(Arg arg) -> arg;
            case Bound.Condition(Guard guard) -> new Arg.Bool(symbols.holds(guard));
            case Bound.Quotient(Fraction value) -> real(value);
            case Bound.Missing m -> throw new IllegalStateException("read a missing result");
        };
    }

    private static Arg real(Fraction value) {
        if (!value.numerator().isConstant() || !value.denominator().isConstant()) {
            throw new KilnException.Unsupported("it takes the symbolic float " + value);
        }
        return new Arg.Real((double) value.numerator().asLong() / value.denominator().asLong());
    }

    SymInt size(SymIntArg value) {
        return switch (value) {
            case SymIntArg.Literal(long literal) -> SymInt.of(literal);
            case SymIntArg.Name(String name) -> {
                if (plain(name) instanceof Arg.Int(SymInt size)) {
                    yield size;
                }
                throw new KilnException.BadInput("it reads '" + name + "' as a size, which it is not");
            }
        };
    }

    DType dtype(Arg.Ref ref) {
        return type(ref).dtype();
    }

    /** The only result. */
    static List<Bound> one(Arg arg) {
        return List.of(new Bound.Plain(arg));
    }

    static List<Bound> none() {
        return List.of();
    }
}
