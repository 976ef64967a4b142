package dev.kiln.nn;

import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;

/** Convolution of signals [N, C, L]. */
public final class Conv1d extends Convolution {
    public Conv1d(int in_channels, int out_channels, int kernel_size, Generator generator) {
        this(in_channels, out_channels, kernel_size, 1, 0, generator);
    }

    public Conv1d(int in_channels, int out_channels, int kernel_size, int stride, int padding, Generator generator) {
        this(in_channels, out_channels, kernel_size, stride, padding, 1, 1, true, generator);
    }

    public Conv1d(int in_channels, int out_channels, int kernel_size, int stride, int padding, int dilation, int groups,
            boolean bias, Generator generator) {
        super(new long[] {out_channels, in_channels / groups, kernel_size}, stride, padding, dilation, groups, bias, generator);
    }

    @Override
    public Tensor forward(Tensor input) {
        return Functional.conv1d(input, weight, bias, stride, padding, dilation, groups);
    }
}
