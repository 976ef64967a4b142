package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** Exponentials that sum to 1 along a dimension. */
public final class Softmax extends Module implements Layer {
    private final int dim;

    public Softmax(int dim) {
        this.dim = dim;
    }

    @Override
    public Tensor forward(Tensor input) {
        return input.softmax(dim);
    }
}
