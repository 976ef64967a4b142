package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** x times the normal distribution's probability of less than x. */
public final class GELU extends Module implements Layer {
    @Override
    public Tensor forward(Tensor input) {
        return input.gelu();
    }
}
