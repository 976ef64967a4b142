package dev.kiln.nn;

import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;

/** Convolution of signals [N, C, L]. */
public final class Conv1d extends Module implements Layer {
    private final int stride;
    private final int padding;
    private final int dilation;
    private final int groups;
    /** [out_channels, in_channels / groups, kernel_size] */
    public Tensor weight;
    /** [out_channels]; null without a bias. */
    public Tensor bias;

    public Conv1d(int in_channels, int out_channels, int kernel_size, Generator generator) {
        this(in_channels, out_channels, kernel_size, 1, 0, generator);
    }

    public Conv1d(int in_channels, int out_channels, int kernel_size, int stride, int padding, Generator generator) {
        this(in_channels, out_channels, kernel_size, stride, padding, 1, 1, true, generator);
    }

    public Conv1d(int in_channels, int out_channels, int kernel_size, int stride, int padding, int dilation, int groups,
            boolean bias, Generator generator) {
        this.stride = stride;
        this.padding = padding;
        this.dilation = dilation;
        this.groups = groups;
        long[] size = {out_channels, in_channels / groups, kernel_size};
        weight = parameter(Init.kaiming_uniform(generator, size));
        this.bias = bias ? parameter(Init.uniform(generator, 1 / Math.sqrt(Init.fanIn(size)), out_channels)) : null;
    }

    @Override
    public Tensor forward(Tensor input) {
        return Functional.conv1d(input, weight, bias, stride, padding, dilation, groups);
    }
}
