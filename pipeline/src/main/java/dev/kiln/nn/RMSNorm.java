package dev.kiln.nn;

import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;

/** Divides the last dimensions by their root mean square, then scales. */
public final class RMSNorm extends Module implements Layer {
    private final long[] normalized_shape;
    private final Double eps;
    public Tensor weight;

    public RMSNorm(long... normalized_shape) {
        this(normalized_shape, null, true);
    }

    /** @param eps added to the mean square; null for the smallest step of the dtype */
    public RMSNorm(long[] normalized_shape, Double eps, boolean elementwise_affine) {
        this.normalized_shape = normalized_shape.clone();
        this.eps = eps;
        weight = elementwise_affine ? parameter(Torch.ones(normalized_shape)) : null;
    }

    @Override
    public Tensor forward(Tensor input) {
        return Functional.rms_norm(input, normalized_shape, weight, eps);
    }
}
