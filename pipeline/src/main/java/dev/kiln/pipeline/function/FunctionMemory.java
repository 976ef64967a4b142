package dev.kiln.pipeline.function;

/**
 * Bytes of native memory that the calls of a function took at most so far, besides its inputs and what it gave back.
 *
 * @param saved kept from a forward to its backward, with the values inside both graphs and the gradients where these lie in
 *     the same block
 * @param written new values of inputs that the function changes, until they are copied there
 * @param gradients all that a backward gives, where it does not
 * @param forwardWorkspace values inside the forward graph, while it runs, where they do not
 * @param backwardWorkspace values inside the backward graph, likewise
 */
public record FunctionMemory(long saved, long written, long gradients, long forwardWorkspace, long backwardWorkspace) {
    /** What is alive at most between the start of a forward and the end of its backward, {@link #gradients} not counted. */
    public long activations() {
        return saved + Math.max(forwardWorkspace, backwardWorkspace);
    }
}
