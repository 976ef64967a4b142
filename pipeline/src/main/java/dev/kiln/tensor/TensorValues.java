package dev.kiln.tensor;

import dev.kiln.ops.KilnException;

/** Values of a concrete tensor. In a function that is traced there are none: an error names the line. */
public sealed interface TensorValues permits Tensor {
    /** The one element as a Java number: a {@link Double} of a floating tensor, else a {@link Long}. */
    default Number item() {
        dev.kiln.kernels.runtime.Tensor value = concrete("item()");
        if (value.numel() != 1) {
            throw new KilnException.BadInput("item() needs a tensor of one element, not " + value);
        }
        return value.dtype().isFloating() ? (Number) value.toDoubleArray()[0] : (Number) value.toLongArray()[0];
    }

    /** Whether the one element is not 0. */
    default boolean toBoolean() {
        dev.kiln.kernels.runtime.Tensor value = concrete("toBoolean()");
        if (value.numel() != 1) {
            throw new KilnException.BadInput("toBoolean() needs a tensor of one element, not " + value);
        }
        return value.toBooleanArray()[0];
    }

    /** All elements in row-major order. */
    default float[] toFloatArray() {
        return concrete("toFloatArray()").toFloatArray();
    }

    /** All elements in row-major order. */
    default double[] toDoubleArray() {
        return concrete("toDoubleArray()").toDoubleArray();
    }

    /** All elements of an integral or boolean tensor in row-major order. */
    default long[] toLongArray() {
        return concrete("toLongArray()").toLongArray();
    }

    /** All elements in row-major order; what is not 0 is true. */
    default boolean[] toBooleanArray() {
        return concrete("toBooleanArray()").toBooleanArray();
    }

    private dev.kiln.kernels.runtime.Tensor concrete(String method) {
        if (TraceSession.current().isPresent() || ((Tensor) this).isTraced()) {
            throw UserCode.dependsOnData(method);
        }
        return ((Tensor) this).value();
    }
}
