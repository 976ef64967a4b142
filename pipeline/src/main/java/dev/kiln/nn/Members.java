package dev.kiln.nn;

import dev.kiln.tensor.Tensor;

/** Where a module names what it is made of, in PyTorch's order. */
public interface Members {
    /** A parameter or buffer of the module's own. */
    void tensor(String name, Tensor tensor);

    void module(String name, Module module);
}
