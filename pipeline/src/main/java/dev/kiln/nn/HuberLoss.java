package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** Squared differences up to {@code delta}, beyond it absolute ones. */
public final class HuberLoss extends Module {
    private final Reduction reduction;
    private final double delta;

    public HuberLoss() {
        this(Reduction.MEAN, 1.0);
    }

    public HuberLoss(Reduction reduction, double delta) {
        this.reduction = reduction;
        this.delta = delta;
    }

    public Tensor forward(Tensor input, Tensor target) {
        return Functional.huber_loss(input, target, reduction, delta);
    }
}
