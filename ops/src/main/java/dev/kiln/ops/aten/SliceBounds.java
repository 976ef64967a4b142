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
        return atMost(shapes, atLeast(shapes, fromStart, SymInt.ZERO), size);
    }

    /** The larger of the two; an expression if data decides which it is. */
    static SymInt atLeast(ShapeEnv shapes, SymInt value, SymInt least) {
        if (shapes.isUnbacked(value.minus(least))) {
            return shapes.provablyAtMost(least, value) ? value : value.max(least);
        }
        return shapes.less(value, least) ? least : value;
    }

    private static SymInt atMost(ShapeEnv shapes, SymInt value, SymInt most) {
        if (shapes.isUnbacked(value.minus(most))) {
            return shapes.provablyAtMost(value, most) ? value : value.min(most);
        }
        return shapes.less(most, value) ? most : value;
    }

    /** The index counted from the start. */
    public static SymInt fromStart(ShapeEnv shapes, SymInt index, SymInt size) {
        return shapes.less(index, SymInt.ZERO) ? index.plus(size) : index;
    }
}
