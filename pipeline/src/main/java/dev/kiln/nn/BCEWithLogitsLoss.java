package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** Binary cross entropy of scores and probabilities of the same sizes. */
public final class BCEWithLogitsLoss extends Module {
    private final Tensor weight;
    private final Tensor pos_weight;
    private final Reduction reduction;

    public BCEWithLogitsLoss() {
        this(null, null, Reduction.MEAN);
    }

    public BCEWithLogitsLoss(Tensor weight, Tensor pos_weight, Reduction reduction) {
        this.weight = weight;
        this.pos_weight = pos_weight;
        this.reduction = reduction;
    }

    public Tensor forward(Tensor input, Tensor target) {
        return Functional.binary_cross_entropy_with_logits(input, target, weight, pos_weight, reduction);
    }
}
