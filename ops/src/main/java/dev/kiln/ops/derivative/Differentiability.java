package dev.kiln.ops.derivative;

/** Whether and how gradients pass through an operator. */
public enum Differentiability {
    /** By a rule of its own. */
    RULE,
    /** By the rules of what it decomposes to. */
    DECOMPOSITION,
    /** Its outputs do not change smoothly with its inputs (indices, comparisons, sizes): gradients stop there. */
    NONE,
    /** It has a derivative, but Kiln does not. */
    MISSING
}
