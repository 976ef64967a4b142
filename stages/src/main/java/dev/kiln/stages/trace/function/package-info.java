/** Tracing of functions over tensors: calls with views and in-place ops come in, a functional graph goes out. */
package dev.kiln.stages.trace.function;
