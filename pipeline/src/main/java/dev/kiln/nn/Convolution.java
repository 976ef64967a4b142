package dev.kiln.nn;

import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;

/** What convolutions of any rank have in common: a weight, a bias, and where the kernel goes. */
public abstract class Convolution extends Module implements Layer {
    final int stride;
    final int padding;
    final int dilation;
    final int groups;
    /** [out_channels, in_channels / groups, kernel sizes ...] */
    public Tensor weight;
    /** [out_channels]; null without a bias. */
    public Tensor bias;

    /** @param size of the weight */
    Convolution(long[] size, int stride, int padding, int dilation, int groups, boolean bias, Generator generator) {
        this.stride = stride;
        this.padding = padding;
        this.dilation = dilation;
        this.groups = groups;
        weight = parameter(Init.kaiming_uniform(generator, size));
        this.bias = bias ? parameter(Init.uniform(generator, 1 / Math.sqrt(Init.fanIn(size)), size[0])) : null;
    }
}
