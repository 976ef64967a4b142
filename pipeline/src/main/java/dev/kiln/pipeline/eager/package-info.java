/** Ops that are called on their own: arguments, the table of kernels, and their compile. */
package dev.kiln.pipeline.eager;
