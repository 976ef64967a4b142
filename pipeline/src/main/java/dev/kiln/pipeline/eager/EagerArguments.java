package dev.kiln.pipeline.eager;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.Device;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.eager.EagerCall;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Java values on their way to an op: the tensors by themselves, everything else as the op's schema has it. */
final class EagerArguments {
    private final List<Tensor> tensors = new ArrayList<>();
    private final Map<Tensor, Arg.Ref> references = new IdentityHashMap<>();
    private final boolean dense;

    private EagerArguments(boolean dense) {
        this.dense = dense;
    }

    /** A call with its tensors, which have the call's layouts. */
    record Given(EagerCall call, Map<String, Tensor> inputs) {
    }

    /**
     * @param dense whether tensors that are not contiguous are copied
     * @throws KilnException.BadInput if the arguments do not fit the op
     */
    static Given of(OpOverload op, Object[] args, boolean dense) {
        EagerArguments arguments = new EagerArguments(dense);
        List<Arg> converted = new ArrayList<>();
        try {
            for (Object arg : args) {
                converted.add(GraphBuilder.wrap(arguments.withReferences(arg)));
            }
            EagerCall call = EagerCall.of(op, converted, arguments.tensors.stream().map(EagerArguments::fake).toList());
            Map<String, Tensor> inputs = new LinkedHashMap<>();
            for (int i = 0; i < arguments.tensors.size(); i++) {
                inputs.put(EagerCall.name(i), arguments.tensors.get(i));
            }
            return new Given(call, inputs);
        } catch (IllegalArgumentException e) {
            throw new KilnException.BadInput(e.getMessage() + "; the schema is " + op.schema().signature(), e);
        }
    }

    private Object withReferences(Object arg) {
        return switch (arg) {
            case Tensor tensor -> reference(tensor);
            case List<?> list -> list.stream().map(this::withReferences).toList();
            case null, default -> arg;
        };
    }

    /** A tensor that is given twice is one input. */
    private Arg.Ref reference(Tensor tensor) {
        return references.computeIfAbsent(tensor, t -> {
            tensors.add(dense ? t.contiguous() : t);
            return EagerCall.tensor(tensors.size() - 1);
        });
    }

    private static FakeTensor fake(Tensor tensor) {
        return new FakeTensor(tensor.dtype(), sizes(tensor.shape()), sizes(tensor.strides()), SymInt.ZERO, Device.CPU);
    }

    private static List<SymInt> sizes(long[] values) {
        return Arrays.stream(values).mapToObj(SymInt::of).toList();
    }
}
