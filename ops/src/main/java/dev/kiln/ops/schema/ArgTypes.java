package dev.kiln.ops.schema;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpSchema.Parameter;
import java.util.List;

/** Fits an argument to its parameter's type: the few implicit conversions that PyTorch makes, else an error. */
final class ArgTypes {
    private ArgTypes() {
    }

    static Arg coerce(String op, Parameter parameter, Arg given) {
        String type = parameter.type();
        if (given instanceof Arg.None) {
            return require(op, parameter, given, parameter.optional());
        }
        String base = parameter.optional() ? type.substring(0, type.length() - 1) : type;
        return switch (base) {
            case "Tensor" -> require(op, parameter, given, given instanceof Arg.Ref);
            case "Tensor[]", "Tensor?[]" -> tensors(op, parameter, given);
            case "int", "SymInt" -> require(op, parameter, given, given instanceof Arg.Int);
            case "int[]", "SymInt[]" -> integers(op, parameter, given);
            case "float" -> given instanceof Arg.Int(var value) && value.isConstant()
                ? new Arg.Real(value.asLong()) : require(op, parameter, given, given instanceof Arg.Real);
            case "float[]" -> require(op, parameter, given, given instanceof Arg.Reals);
            case "bool" -> require(op, parameter, given, given instanceof Arg.Bool);
            case "bool[]" -> require(op, parameter, given, given instanceof Arg.Bools);
            case "Scalar" -> require(op, parameter, given,
                given instanceof Arg.Int || given instanceof Arg.Real || given instanceof Arg.Bool);
            case "str" -> require(op, parameter, given, given instanceof Arg.Str);
            case "ScalarType" -> require(op, parameter, given, given instanceof Arg.Type);
            default -> given;
        };
    }

    private static Arg tensors(String op, Parameter parameter, Arg given) {
        boolean empty = given instanceof Arg.Ints(var values) && values.isEmpty();
        return empty ? new Arg.Refs(List.of()) : require(op, parameter, given, given instanceof Arg.Refs);
    }

    private static Arg integers(String op, Parameter parameter, Arg given) {
        return given instanceof Arg.Int(var value) ? new Arg.Ints(List.of(value))
            : require(op, parameter, given, given instanceof Arg.Ints);
    }

    private static Arg require(String op, Parameter parameter, Arg given, boolean fits) {
        if (!fits) {
            throw new IllegalArgumentException(op + ": argument '" + parameter.name() + "' takes "
                + parameter.type() + ", got " + given);
        }
        return given;
    }
}
