package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** The largest element of each window. */
public final class MaxPool2d extends Module implements Layer {
    private final int kernel_size;
    private final int stride;
    private final int padding;

    public MaxPool2d(int kernel_size, int stride, int padding) {
        this.kernel_size = kernel_size;
        this.stride = stride;
        this.padding = padding;
    }

    @Override
    public Tensor forward(Tensor input) {
        return Functional.max_pool2d(input, kernel_size, stride, padding);
    }
}
