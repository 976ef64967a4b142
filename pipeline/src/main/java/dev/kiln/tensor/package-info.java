/** Tensors as Java programs use them, with PyTorch's names, and the tracing of functions over them. */
package dev.kiln.tensor;
