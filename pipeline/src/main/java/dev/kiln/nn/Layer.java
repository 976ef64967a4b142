package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** A function of one tensor; modules that are one, and lambdas, can stand in a {@link Sequential}. */
@FunctionalInterface
public interface Layer {
    Tensor forward(Tensor input);
}
