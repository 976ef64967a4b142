/** Derivatives of operators: what a gradient of a call's outputs means for its inputs, in terms of other operators. */
package dev.kiln.ops.derivative;
