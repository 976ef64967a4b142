package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** Means of as many windows as the output has elements. */
public final class AdaptiveAvgPool2d extends Module implements Layer {
    private final int height;
    private final int width;

    public AdaptiveAvgPool2d(int height, int width) {
        this.height = height;
        this.width = width;
    }

    @Override
    public Tensor forward(Tensor input) {
        return Functional.adaptive_avg_pool2d(input, height, width);
    }
}
