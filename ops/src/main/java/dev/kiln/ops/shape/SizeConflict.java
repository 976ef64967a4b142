package dev.kiln.ops.shape;

import dev.kiln.ops.KilnException;

/** Sizes break a condition that an op needs; for other values of the symbols it may hold. */
public final class SizeConflict extends KilnException.BadInput {
    private static final long serialVersionUID = 1;

    private final transient Guard needed;

    public SizeConflict(String message, Guard needed) {
        super(message);
        this.needed = needed;
    }

    /** What the op needs of the sizes. */
    public Guard needed() {
        return needed;
    }
}
