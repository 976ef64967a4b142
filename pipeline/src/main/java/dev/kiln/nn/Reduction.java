package dev.kiln.nn;

/** What becomes of the losses of single elements. */
public enum Reduction {
    NONE, MEAN, SUM
}
