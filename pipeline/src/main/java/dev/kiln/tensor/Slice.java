package dev.kiln.tensor;

import dev.kiln.ops.shape.SymInt;

/**
 * Places of a dimension, as Python's {@code start:stop:step}.
 *
 * @param start null for the first
 * @param stop the place after the last; null for the end
 * @param step at least 1
 */
public record Slice(SymInt start, SymInt stop, SymInt step) {
    /** All of a dimension. */
    public static final Slice ALL = new Slice(null, null, SymInt.ONE);

    public static Slice of(Object start, Object stop) {
        return of(start, stop, 1);
    }

    /** From numbers or {@link SymInt}s; null is the start or the end. */
    public static Slice of(Object start, Object stop, Object step) {
        return new Slice(size(start), size(stop), size(step));
    }

    /** From a place to the end. */
    public static Slice from(Object start) {
        return of(start, null);
    }

    /** From the first place up to, but without, {@code stop}. */
    public static Slice to(Object stop) {
        return of(null, stop);
    }

    private static SymInt size(Object value) {
        return value == null ? null : Sizes.list(value).getFirst();
    }
}
