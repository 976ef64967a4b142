package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** Absolute differences. */
public final class L1Loss extends Module {
    private final Reduction reduction;

    public L1Loss() {
        this(Reduction.MEAN);
    }

    public L1Loss(Reduction reduction) {
        this.reduction = reduction;
    }

    public Tensor forward(Tensor input, Tensor target) {
        return Functional.l1_loss(input, target, reduction);
    }
}
