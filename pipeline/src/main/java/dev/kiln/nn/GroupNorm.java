package dev.kiln.nn;

import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.Torch;

/** Normalizes groups of channels (dimension 1), then scales and shifts each channel. */
public final class GroupNorm extends Module implements Layer {
    private final int num_groups;
    private final double eps;
    public Tensor weight;
    public Tensor bias;

    public GroupNorm(int num_groups, int num_channels) {
        this.num_groups = num_groups;
        eps = 1e-5;
        weight = parameter(Torch.ones(num_channels));
        bias = parameter(Torch.zeros(num_channels));
    }

    @Override
    public Tensor forward(Tensor input) {
        return Functional.group_norm(input, num_groups, weight, bias, eps);
    }
}
