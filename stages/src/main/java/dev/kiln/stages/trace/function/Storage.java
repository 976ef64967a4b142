package dev.kiln.stages.trace.function;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;

/** Memory that traced tensors share: what its base, the tensor that it was made for, holds at this point of the trace. */
final class Storage {
    /** The index of the input whose memory it is; -1 for memory of the function's own. */
    final int input;
    /** The base's sizes and strides. */
    final FakeTensor layout;
    final boolean leaf;
    private Arg.Ref value;
    private int version;
    private boolean requiresGrad;
    private boolean changedWithoutGrad;

    Storage(int input, FakeTensor layout, Arg.Ref value, boolean requiresGrad, boolean leaf) {
        this.input = input;
        this.layout = layout;
        this.value = value;
        this.requiresGrad = requiresGrad;
        this.leaf = leaf;
    }

    Arg.Ref value() {
        return value;
    }

    /** Raised with every write. */
    int version() {
        return version;
    }

    boolean requiresGrad() {
        return requiresGrad;
    }

    /** Whether it was written under {@code no_grad} although gradients flow to it. */
    boolean changedWithoutGrad() {
        return changedWithoutGrad;
    }

    /** @param gradient whether gradients flow through the new value */
    void write(Arg.Ref newValue, boolean gradient, boolean gradMode) {
        value = newValue;
        version++;
        changedWithoutGrad |= requiresGrad && !gradMode;
        requiresGrad |= gradient;
    }
}
