package dev.kiln.ops.metadata;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpSchema;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * One parameter of a call. Equality is exact: kind of value, order, value.
 *
 * @param order position in the op's schema; a parameter that is {@code None} has no metadata, but its position is taken
 */
public record ParameterMetadata(int order, ParameterValue value) {

    public ParameterMetadata {
        if (order < 0) {
            throw new IllegalArgumentException("position " + order);
        }
    }

    /**
     * The metadata of a call's parameters, in schema order.
     *
     * @param args complete arguments in schema order, without symbols
     * @param tensors what the references stand for
     * @throws dev.kiln.ops.KilnException.Unsupported if an argument is of a kind that cannot be described
     *     (Dimname, Generator, Storage, Stream)
     */
    public static List<ParameterMetadata> of(OpOverload op, List<Arg> args, Function<Arg.Ref, TensorMetadata> tensors) {
        List<ParameterMetadata> metadata = new ArrayList<>();
        ParameterValues values = new ParameterValues(op.name(), tensors);
        for (int i = 0; i < args.size(); i++) {
            OpSchema.Parameter parameter = op.schema().parameters().get(i);
            if (!(args.get(i) instanceof Arg.None)) {
                metadata.add(new ParameterMetadata(i, values.of(parameter, args.get(i))));
            }
        }
        return List.copyOf(metadata);
    }

    /** Whether a kernel that was compiled for the first vector may serve the second. */
    public static boolean accepts(List<ParameterMetadata> compiled, List<ParameterMetadata> call) {
        boolean all = compiled.size() == call.size();
        for (int i = 0; all && i < compiled.size(); i++) {
            all = compiled.get(i).order == call.get(i).order && compiled.get(i).value.accepts(call.get(i).value);
        }
        return all;
    }

    /** The canonical encoding of a vector: equal vectors, and only they, have equal bytes. */
    public static byte[] encode(List<ParameterMetadata> vector) {
        return ParameterCodec.encode(vector);
    }

    /** @throws IllegalArgumentException if the bytes are not such an encoding */
    public static List<ParameterMetadata> decode(byte[] bytes) {
        return ParameterCodec.decode(bytes);
    }
}
