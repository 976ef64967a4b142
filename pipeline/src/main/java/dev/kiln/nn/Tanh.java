package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** Hyperbolic tangent. */
public final class Tanh extends Module implements Layer {
    @Override
    public Tensor forward(Tensor input) {
        return input.tanh();
    }
}
