package dev.kiln.ops.metadata;

import dev.kiln.ops.DType;
import java.util.List;
import java.util.Optional;

/**
 * The value of one op parameter, typed as in the op's schema. Two are equal if they are of the same kind and hold the
 * same: {@code 1} and {@code 1.0} differ, as do {@code 0.0} and {@code -0.0}; NaN equals NaN. An optional parameter
 * that is given has the kind of its value; one that is {@code None} has no value at all.
 */
public sealed interface ParameterValue {

    /** {@code Tensor}, {@code Tensor?}. */
    record OfTensor(TensorMetadata tensor) implements ParameterValue {
    }

    /** {@code Tensor[]} (TensorList, ITensorListRef). */
    record OfTensorList(List<TensorMetadata> tensors) implements ParameterValue {
        public OfTensorList {
            tensors = List.copyOf(tensors);
        }
    }

    /** {@code Tensor?[]}: absent tensors keep their places. */
    record OfOptionalTensorList(List<Optional<TensorMetadata>> tensors) implements ParameterValue {
        public OfOptionalTensorList {
            tensors = List.copyOf(tensors);
        }
    }

    /** {@code Scalar}, {@code Scalar?}. */
    record OfScalar(ScalarValue value) implements ParameterValue {
    }

    /** {@code Scalar[]}. */
    record OfScalarList(List<ScalarValue> values) implements ParameterValue {
        public OfScalarList {
            values = List.copyOf(values);
        }
    }

    /** {@code bool}, {@code bool?}. */
    record OfBool(boolean value) implements ParameterValue {
    }

    /** {@code bool[]}, also of fixed length ({@code std::array<bool, N>}). */
    record OfBoolList(List<Boolean> values) implements ParameterValue {
        public OfBoolList {
            values = List.copyOf(values);
        }
    }

    /** {@code int}, {@code int?}, a device index. */
    record OfInt(long value) implements ParameterValue {
    }

    /** {@code int[]}, {@code int[]?}. */
    record OfIntList(List<Long> values) implements ParameterValue {
        public OfIntList {
            values = List.copyOf(values);
        }
    }

    /** {@code SymInt}, {@code SymInt?}: its value in this call. */
    record OfSymInt(long value) implements ParameterValue {
    }

    /** {@code SymInt[]}, {@code SymInt[]?}. */
    record OfSymIntList(List<Long> values) implements ParameterValue {
        public OfSymIntList {
            values = List.copyOf(values);
        }
    }

    /** {@code float} (a C++ double), {@code float?}. */
    record OfDouble(double value) implements ParameterValue {
    }

    /** {@code float[]}, {@code float[]?}. */
    record OfDoubleList(List<Double> values) implements ParameterValue {
        public OfDoubleList {
            values = List.copyOf(values);
        }
    }

    /** {@code str}, {@code str?}. */
    record OfString(String value) implements ParameterValue {
    }

    /** {@code ScalarType}, {@code ScalarType?}. */
    record OfDType(DType value) implements ParameterValue {
    }

    /** {@code Layout}, {@code Layout?}. */
    record OfLayout(Layout value) implements ParameterValue {
    }

    /** {@code MemoryFormat}, {@code MemoryFormat?}. */
    record OfMemoryFormat(MemoryFormat value) implements ParameterValue {
    }

    /** {@code Device}, {@code Device?}. */
    record OfDevice(DeviceMetadata value) implements ParameterValue {
    }

    /** Whether a kernel for this value may serve another: an equal one, or one that a dynamic tensor stands for. */
    default boolean accepts(ParameterValue other) {
        return switch (this) {
            case OfTensor(TensorMetadata own) -> other instanceof OfTensor(TensorMetadata that) && own.accepts(that);
            case OfTensorList(List<TensorMetadata> own) -> other instanceof OfTensorList(List<TensorMetadata> that)
                && allAccept(own.stream().map(Optional::of).toList(), that.stream().map(Optional::of).toList());
            case OfOptionalTensorList(List<Optional<TensorMetadata>> own) ->
                other instanceof OfOptionalTensorList(List<Optional<TensorMetadata>> that) && allAccept(own, that);
            default -> equals(other);
        };
    }

    private static boolean allAccept(List<Optional<TensorMetadata>> own, List<Optional<TensorMetadata>> those) {
        boolean all = own.size() == those.size();
        for (int i = 0; all && i < own.size(); i++) {
            Optional<TensorMetadata> that = those.get(i);
            all = own.get(i).isPresent() ? that.isPresent() && own.get(i).get().accepts(that.get()) : that.isEmpty();
        }
        return all;
    }
}
