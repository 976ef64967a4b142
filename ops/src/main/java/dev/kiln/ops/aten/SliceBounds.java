package dev.kiln.ops.aten;

import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;

/** The bounds of a slice as Python reads them: negative ones count from the end, and all are clamped. */
public final class SliceBounds {
    private SliceBounds() {
    }

    public static SymInt clamp(ShapeEnv shapes, SymInt bound, SymInt size) {
        if (bound.isConstant() && bound.asLong() == Long.MAX_VALUE) {
            return size;
        }
        SymInt fromStart = fromStart(shapes, bound, size);
        if (shapes.less(fromStart, SymInt.ZERO)) {
            return SymInt.ZERO;
        }
        return shapes.less(size, fromStart) ? size : fromStart;
    }

    /** The index counted from the start. */
    public static SymInt fromStart(ShapeEnv shapes, SymInt index, SymInt size) {
        return shapes.less(index, SymInt.ZERO) ? index.plus(size) : index;
    }
}
