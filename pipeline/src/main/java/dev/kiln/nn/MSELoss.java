package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** Squared differences. */
public final class MSELoss extends Module {
    private final Reduction reduction;

    public MSELoss() {
        this(Reduction.MEAN);
    }

    public MSELoss(Reduction reduction) {
        this.reduction = reduction;
    }

    public Tensor forward(Tensor input, Tensor target) {
        return Functional.mse_loss(input, target, reduction);
    }
}
