package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** Normalizes each channel of [N, C] or [N, C, L]; see {@link BatchNorm}. */
public final class BatchNorm1d extends BatchNorm {
    public BatchNorm1d(int num_features) {
        super(num_features, 1e-5, 0.1);
    }

    public BatchNorm1d(int num_features, double eps, double momentum) {
        super(num_features, eps, momentum);
    }

    @Override
    boolean takes(Tensor input) {
        return input.dim() == 2 || input.dim() == 3;
    }
}
