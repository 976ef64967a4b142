package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** x times its sigmoid. */
public final class SiLU extends Module implements Layer {
    @Override
    public Tensor forward(Tensor input) {
        return input.silu();
    }
}
