package dev.kiln.nn;

import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;

/** {@code x @ weight.T + bias} along the last dimension. */
public final class Linear extends Module implements Layer {
    /** [out_features, in_features] */
    public Tensor weight;
    /** [out_features]; null without a bias. */
    public Tensor bias;

    public Linear(int in_features, int out_features, Generator generator) {
        this(in_features, out_features, true, generator);
    }

    public Linear(int in_features, int out_features, boolean bias, Generator generator) {
        weight = parameter(Init.kaiming_uniform(generator, out_features, in_features));
        this.bias = bias ? parameter(Init.uniform(generator, 1 / Math.sqrt(in_features), out_features)) : null;
    }

    @Override
    public Tensor forward(Tensor input) {
        return Functional.linear(input, weight, bias);
    }
}
