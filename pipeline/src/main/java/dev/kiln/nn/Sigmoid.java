package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** 1 / (1 + exp(-x)). */
public final class Sigmoid extends Module implements Layer {
    @Override
    public Tensor forward(Tensor input) {
        return input.sigmoid();
    }
}
