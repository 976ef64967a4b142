package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.pt2.schema.Argument;
import dev.kiln.stages.trace.pt2.schema.ProgramNode;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Floating-point numbers that come from data, where the export has a number: the tensor takes its place. */
final class FloatScalars {
    private static final Map<String, String> BINARY = Map.of("add", "aten.add.Tensor", "sub", "aten.sub.Tensor",
        "mul", "aten.mul.Tensor", "truediv", "aten.div.Tensor", "pow", "aten.pow.Tensor_Tensor", "max",
        "aten.maximum.default", "min", "aten.minimum.default", "mod", "aten.remainder.Tensor");
    private static final Map<String, String> UNARY = Map.of("neg", "aten.neg.default", "pos", "aten.alias.default",
        "float", "aten.alias.default");

    /** Overloads with a number, and those with a tensor in its place. */
    private static final Map<String, String> WITH_TENSOR = Map.of(
        "aten.pow.Tensor_Scalar", "aten.pow.Tensor_Tensor", "aten.clamp.default", "aten.clamp.Tensor",
        "aten.clamp_min.default", "aten.clamp_min.Tensor", "aten.clamp_max.default", "aten.clamp_max.Tensor",
        "aten.where.ScalarOther", "aten.where.self", "aten.where.ScalarSelf", "aten.where.self",
        "aten.index_fill.int_Scalar", "aten.index_fill.int_Tensor");

    private FloatScalars() {
    }

    private static Optional<Arg.Ref> number(NodeCall call, Argument argument) {
        return argument instanceof Argument.SymScalar(String name)
            && call.scope().get(name) instanceof Bound.Plain(Arg.Ref ref) && call.dtype(ref).isFloating()
            ? Optional.of(ref) : Optional.empty();
    }

    static boolean occurs(NodeCall call) {
        return call.node().inputs().stream().anyMatch(i -> number(call, i.value()).isPresent());
    }

    /** Python's arithmetic, in f64 as Python has it. */
    static List<Bound> arithmetic(String operator, NodeCall call) {
        String op = BINARY.getOrDefault(operator, UNARY.get(operator));
        if (op == null) {
            throw new KilnException.Unsupported("it decides by a floating-point number that comes from the inputs' values");
        }
        List<Arg.Ref> operands = call.node().inputs().stream().map(ProgramNode.Input::value)
            .map(a -> wide(call, number(call, a).<Arg>map(r -> r).orElseGet(() -> call.arg(a)))).toList();
        return NodeCall.one(operands.size() == 1 ? call.call(op, operands.getFirst())
            : call.call(op, operands.get(0), operands.get(1)));
    }

    private static Arg.Ref wide(NodeCall call, Arg number) {
        return number instanceof Arg.Ref ref ? SpecialOps.cast(call, ref, DType.F64)
            : call.call("aten.full.default", List.<SymInt>of(), number, DType.F64);
    }

    /** The overload that takes a tensor where the call has such a number. */
    static String overload(String op) {
        return WITH_TENSOR.getOrDefault(op, op.endsWith(".Scalar") ? op.replace(".Scalar", ".Tensor") : op);
    }

    /** A tensor filled with such a number; empty if the call is of another kind. */
    static Optional<List<Bound>> filled(String op, NodeCall call) {
        return switch (op) {
            case "aten.full.default" -> Optional.of(filled(call, "fill_value", 1,
                call.arg(call.argument("size", 0)), dtype(call, DType.F32)));
            case "aten.full_like.default", "aten.fill.Scalar" -> {
                Arg.Ref self = call.tensor("self", 0);
                yield Optional.of(filled(call, op.equals("aten.fill.Scalar") ? "value" : "fill_value", 1,
                    new Arg.Ints(call.type(self).sizes()), dtype(call, call.dtype(self))));
            }
            case "aten.scalar_tensor.default" -> Optional.of(filled(call, "s", 0, new Arg.Ints(List.of()),
                dtype(call, DType.F32)));
            default -> Optional.empty();
        };
    }

    private static DType dtype(NodeCall call, DType otherwise) {
        return call.arg("dtype", Arg.NONE) instanceof Arg.Type(DType given) ? given : otherwise;
    }

    private static List<Bound> filled(NodeCall call, String name, int position, Arg sizes, DType dtype) {
        Arg.Ref value = number(call, call.argument(name, position)).orElseThrow(
            () -> new KilnException.BadInput("argument '" + name + "' is not a number"));
        return NodeCall.one(call.call("aten.expand.default", SpecialOps.cast(call, value, dtype), sizes));
    }
}
