package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** Negative log likelihood of log probabilities [N, C, ...] and classes [N, ...] (i64). */
public final class NLLLoss extends Module {
    private final Tensor weight;
    private final long ignore_index;
    private final Reduction reduction;

    public NLLLoss() {
        this(null, -100, Reduction.MEAN);
    }

    public NLLLoss(Tensor weight, long ignore_index, Reduction reduction) {
        this.weight = weight;
        this.ignore_index = ignore_index;
        this.reduction = reduction;
    }

    public Tensor forward(Tensor input, Tensor target) {
        return Functional.nll_loss(input, target, weight, ignore_index, reduction);
    }
}
