package dev.kiln.tensor;

import dev.kiln.stages.trace.function.TracedFunction;
import java.util.List;

/**
 * A function as it was traced once.
 *
 * @param function its inputs are the tensors that the function was called with, then those that it captured
 * @param captured what the inputs after the call's own stand for, in order
 * @param aliasing which of all inputs shared memory
 */
public record FunctionTrace(TracedFunction function, List<Tensor> captured, InputAliasing aliasing) {
    public FunctionTrace {
        captured = List.copyOf(captured);
    }
}
