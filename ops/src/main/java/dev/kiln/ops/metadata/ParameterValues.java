package dev.kiln.ops.metadata;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpSchema.Parameter;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** From a parameter's schema type and its argument to a typed value. */
record ParameterValues(String op, Function<Arg.Ref, TensorMetadata> tensors) {

    ParameterValue of(Parameter parameter, Arg arg) {
        String type = parameter.type();
        String base = (type.endsWith("?") ? type.substring(0, type.length() - 1) : type)
            .replaceAll("\\[\\d+]", "[]");
        return switch (base) {
            case "Tensor" -> new ParameterValue.OfTensor(tensors.apply((Arg.Ref) arg));
            case "Tensor[]" -> new ParameterValue.OfTensorList(refs(arg).stream().map(tensors).toList());
            case "Tensor?[]" -> new ParameterValue.OfOptionalTensorList(refs(arg).stream().map(this::optional).toList());
            case "Scalar" -> new ParameterValue.OfScalar(scalar(arg));
            case "Scalar[]" -> new ParameterValue.OfScalarList(scalars(arg));
            case "bool" -> new ParameterValue.OfBool(((Arg.Bool) arg).value());
            case "bool[]" -> new ParameterValue.OfBoolList(((Arg.Bools) arg).values());
            case "int", "DeviceIndex" -> new ParameterValue.OfInt(integer(arg));
            case "int[]" -> new ParameterValue.OfIntList(integers(arg));
            case "SymInt" -> new ParameterValue.OfSymInt(integer(arg));
            case "SymInt[]" -> new ParameterValue.OfSymIntList(integers(arg));
            case "float" -> new ParameterValue.OfDouble(((Arg.Real) arg).value());
            case "float[]" -> new ParameterValue.OfDoubleList(((Arg.Reals) arg).values());
            case "str" -> new ParameterValue.OfString(((Arg.Str) arg).value());
            case "ScalarType" -> new ParameterValue.OfDType(((Arg.Type) arg).value());
            case "Layout" -> new ParameterValue.OfLayout(named(parameter, arg, Layout::parse));
            case "MemoryFormat" -> new ParameterValue.OfMemoryFormat(named(parameter, arg, MemoryFormat::parse));
            case "Device" -> new ParameterValue.OfDevice(named(parameter, arg, DeviceMetadata::parse));
            default -> throw new KilnException.Unsupported(op + ": argument '" + parameter.name() + "' of type " + type
                + " is not supported; leave it out");
        };
    }

    private List<Arg.Ref> refs(Arg arg) {
        return ((Arg.Refs) arg).refs();
    }

    private Optional<TensorMetadata> optional(Arg.Ref ref) {
        return ref.equals(Arg.ABSENT) ? Optional.empty() : Optional.of(tensors.apply(ref));
    }

    private ScalarValue scalar(Arg arg) {
        return switch (arg) {
            case Arg.Bool(boolean value) -> new ScalarValue.Bool(value);
            case Arg.Int ignored -> new ScalarValue.Integer(integer(arg));
            case Arg.Real(double value) -> new ScalarValue.Real(value);
            default -> throw new IllegalArgumentException(op + ": not a number: " + arg);
        };
    }

    private List<ScalarValue> scalars(Arg arg) {
        return switch (arg) {
            case Arg.Bools(List<Boolean> values) -> values.stream().<ScalarValue>map(ScalarValue.Bool::new).toList();
            case Arg.Reals(List<Double> values) -> values.stream().<ScalarValue>map(ScalarValue.Real::new).toList();
            default -> integers(arg).stream().<ScalarValue>map(ScalarValue.Integer::new).toList();
        };
    }

    private static long integer(Arg arg) {
        return ((Arg.Int) arg).value().asLong();
    }

    private static List<Long> integers(Arg arg) {
        return ((Arg.Ints) arg).values().stream().map(SymInt::asLong).toList();
    }

    private <T> T named(Parameter parameter, Arg arg, Function<String, Optional<T>> parse) {
        return (arg instanceof Arg.Str(String text) ? parse.apply(text) : Optional.<T>empty()).orElseThrow(
            () -> new KilnException.BadInput(op + ": argument '" + parameter.name() + "' takes a "
                + parameter.type() + ", got " + arg));
    }
}
