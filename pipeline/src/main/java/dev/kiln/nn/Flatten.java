package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** All dimensions but the first as one. */
public final class Flatten extends Module implements Layer {
    @Override
    public Tensor forward(Tensor input) {
        return input.flatten(1, -1);
    }
}
