package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** x, times {@code negative_slope} below 0. */
public final class LeakyReLU extends Module implements Layer {
    private final double negative_slope;

    public LeakyReLU(double negative_slope) {
        this.negative_slope = negative_slope;
    }

    @Override
    public Tensor forward(Tensor input) {
        return input.leaky_relu(negative_slope);
    }
}
