package dev.kiln.tensor;

import java.util.List;

/** A function over tensors. */
@FunctionalInterface
public interface TensorFunction {
    List<Tensor> apply(List<Tensor> inputs);
}
