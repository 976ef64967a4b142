/** Typed values of op parameters: what per-op kernels are compiled for and looked up by. */
package dev.kiln.ops.metadata;
