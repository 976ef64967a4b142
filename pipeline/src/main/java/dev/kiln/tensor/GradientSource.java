package dev.kiln.tensor;

/** What computed a tensor and can send gradients back: the call of a compiled function. */
public interface GradientSource {
    /**
     * Adds gradients to the {@code grad} of all leaves that {@code root} was computed from.
     *
     * @param gradient of {@code root}'s dtype and sizes
     * @param retainGraph whether gradients can be sent back once more
     */
    void backward(Tensor root, Tensor gradient, boolean retainGraph);
}
