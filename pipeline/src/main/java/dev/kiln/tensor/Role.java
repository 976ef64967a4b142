package dev.kiln.tensor;

/** What a tensor is to the module that holds it. */
public enum Role {
    /** Nothing: an input, a result, a constant. */
    PLAIN,
    /** Learned; gradients flow to it. */
    PARAMETER,
    /** Kept with the module, but not learned, such as running statistics. */
    BUFFER
}
