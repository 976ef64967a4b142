package dev.kiln.nn;

import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;

/** Normalizes the last dimensions to mean 0 and variance 1, then scales and shifts. */
public final class LayerNorm extends Module implements Layer {
    private final long[] normalized_shape;
    private final double eps;
    public Tensor weight;
    public Tensor bias;

    public LayerNorm(long... normalized_shape) {
        this(normalized_shape, 1e-5, true);
    }

    /** @param elementwise_affine whether it has a weight and a bias */
    public LayerNorm(long[] normalized_shape, double eps, boolean elementwise_affine) {
        this.normalized_shape = normalized_shape.clone();
        this.eps = eps;
        weight = elementwise_affine ? parameter(Torch.ones(normalized_shape)) : null;
        bias = elementwise_affine ? parameter(Torch.zeros(normalized_shape)) : null;
    }

    @Override
    public Tensor forward(Tensor input) {
        return Functional.layer_norm(input, normalized_shape, weight, bias, eps);
    }
}
