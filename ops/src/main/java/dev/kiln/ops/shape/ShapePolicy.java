package dev.kiln.ops.shape;

/**
 * How sizes that are open in a model become symbols.
 *
 * @param duckSizing sizes with equal hints share a symbol (two dimensions that were equal once must stay equal); off
 *     by default, as in PyTorch since 2026
 * @param specializeZeroOne sizes whose hint is 0 or 1 are fixed to it, and symbols are at least 2; off by default: one
 *     artifact serves every size from 1 on, and a size of 0 has a variant of its own
 */
public record ShapePolicy(boolean duckSizing, boolean specializeZeroOne) {
    public static final ShapePolicy DEFAULT = new ShapePolicy(false, false);

    /** The least value that a symbol made of an open size takes. */
    long least() {
        return specializeZeroOne ? 2 : 1;
    }
}
