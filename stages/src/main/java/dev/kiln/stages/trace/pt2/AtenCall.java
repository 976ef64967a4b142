package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpSchema;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.stages.trace.pt2.schema.Argument;
import dev.kiln.stages.trace.pt2.schema.ProgramNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** A call of an operator that Kiln has: arguments in schema order, defaults where the file leaves one out. */
final class AtenCall {
    /** What says only where and in which order of bytes a result lies; Kiln decides that. */
    private static final Set<String> PLACEMENT = Set.of("layout", "device", "pin_memory", "memory_format",
        "non_blocking", "copy", "generator", "requires_grad");

    private AtenCall() {
    }

    static List<Bound> translate(OpOverload named, NodeCall call) {
        boolean fromData = FloatScalars.occurs(call);
        Optional<List<Bound>> filled = fromData ? FloatScalars.filled(named.name(), call) : Optional.empty();
        if (filled.isPresent()) {
            return filled.get();
        }
        OpOverload op = fromData ? OpTable.get(FloatScalars.overload(named.name())) : Numbers.overload(named, call);
        requireAllUsed(op, call);
        List<Arg> args = new ArrayList<>();
        for (int i = 0; i < op.schema().parameters().size(); i++) {
            args.add(argument(op.schema().parameters().get(i), i, call));
        }
        Arg.Ref first = call.builder().call(op, args);
        Node node = call.builder().node(first);
        List<Bound> results = new ArrayList<>();
        for (int i = 0; i < node.outputs().size(); i++) {
            results.add(new Bound.Plain(new Arg.Ref(first.node(), i)));
        }
        return results;
    }

    private static Arg argument(OpSchema.Parameter parameter, int position, NodeCall call) {
        boolean placed = PLACEMENT.contains(parameter.name()) && parameter.defaultValue().isPresent();
        Optional<Argument> given = placed ? Optional.empty() : call.given(parameter.name())
            .or(() -> unnamed(position, call));
        return given.map(argument -> fitted(parameter, call.arg(argument), call))
            .or(parameter::defaultValue).orElseThrow(
                () -> new KilnException.BadInput("argument '" + parameter.name() + "' is missing"));
    }

    private static Optional<Argument> unnamed(int position, NodeCall call) {
        return position < call.node().inputs().size() && call.node().inputs().get(position).name().isEmpty()
            ? Optional.of(call.node().inputs().get(position).value()) : Optional.empty();
    }

    /** Lists that are empty or written with another type of number. */
    private static Arg fitted(OpSchema.Parameter parameter, Arg arg, NodeCall call) {
        if (parameter.type().equals("Tensor") && Numbers.isNumber(arg)) {
            return Numbers.tensor(arg, call);
        }
        if (parameter.type().startsWith("Scalar") && arg instanceof Arg.Ref) {
            throw new KilnException.Unsupported("its argument '" + parameter.name()
                + "' is a float or bool that comes from data, which is not supported");
        }
        boolean floats = parameter.type().startsWith("float[]");
        if (floats && arg instanceof Arg.Ints(var values) && values.stream().allMatch(v -> v.isConstant())) {
            return new Arg.Reals(values.stream().map(v -> (double) v.asLong()).toList());
        }
        if (parameter.type().startsWith("bool[]") && arg instanceof Arg.Ints(var values) && values.isEmpty()) {
            return new Arg.Bools(List.of());
        }
        if (parameter.type().startsWith("Tensor?[]") && arg instanceof Arg.Ref ref) {
            return new Arg.Refs(List.of(ref));
        }
        return arg;
    }

    /** An argument that Kiln's schema lacks must not mean anything here. */
    private static void requireAllUsed(OpOverload op, NodeCall call) {
        List<String> known = op.schema().parameters().stream().map(OpSchema.Parameter::name).toList();
        for (ProgramNode.Input input : call.node().inputs()) {
            boolean idle = PLACEMENT.contains(input.name()) || input.value() instanceof Argument.None
                || input.name().isEmpty() || known.contains(input.name());
            if (!idle) {
                throw new KilnException.Unsupported("its argument '" + input.name() + "' is not supported");
            }
            if (input.value() instanceof Argument.Layout(long layout) && layout != 7) {
                throw new KilnException.Unsupported("a sparse layout is not supported");
            }
        }
    }
}
