package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** The larger of x and 0. */
public final class ReLU extends Module implements Layer {
    @Override
    public Tensor forward(Tensor input) {
        return input.relu();
    }
}
