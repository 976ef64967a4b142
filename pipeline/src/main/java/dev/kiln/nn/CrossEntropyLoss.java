package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** Cross entropy of scores [N, C, ...] and classes [N, ...] (i64) or probabilities. */
public final class CrossEntropyLoss extends Module {
    private final Tensor weight;
    private final long ignore_index;
    private final Reduction reduction;
    private final double label_smoothing;

    public CrossEntropyLoss() {
        this(null, -100, Reduction.MEAN, 0);
    }

    public CrossEntropyLoss(Tensor weight, long ignore_index, Reduction reduction, double label_smoothing) {
        this.weight = weight;
        this.ignore_index = ignore_index;
        this.reduction = reduction;
        this.label_smoothing = label_smoothing;
    }

    public Tensor forward(Tensor input, Tensor target) {
        return Functional.cross_entropy(input, target, weight, ignore_index, reduction, label_smoothing);
    }
}
