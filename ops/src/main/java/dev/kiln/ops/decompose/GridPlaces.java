package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;

/**
 * Where a grid's coordinates, from -1 to 1, point to along a dimension; padding 0 is zeros, 1 the border, 2 reflection.
 */
record GridPlaces(Emit e, int padding, boolean corners) {
    private static final int ZEROS = 0;
    private static final int REFLECTION = 2;

    /** As the arguments of a grid sampler say. */
    static GridPlaces of(Emit e, OpArgs a) {
        long padding = a.integer(3);
        if (padding < ZEROS || padding > REFLECTION) {
            throw a.error("padding mode must be 0 (zeros), 1 (border) or 2 (reflection), is " + padding);
        }
        return new GridPlaces(e, (int) padding, a.bool(4));
    }

    /** From -1 .. 1 to places of a dimension. */
    Arg.Ref place(Arg.Ref x, SymInt size) {
        Arg.Ref scaled = e.mul(e.add(x, 1.0), corners ? size.plus(-1) : size);
        return e.div(corners ? scaled : e.add(scaled, -1.0), 2.0);
    }

    /**
     * Places outside, moved in as the padding mode says (zeros: left where they are). A place on the first or last
     * element passes no gradient; rounding says so, and leaves it as it is.
     */
    Arg.Ref bounded(Arg.Ref x, SymInt size) {
        if (padding == ZEROS) {
            return x;
        }
        Arg.Ref place = padding == REFLECTION ? reflected(x, size) : x;
        Arg.Ref within = e.call("logical_and.default", e.call("gt.Scalar", place, 0),
            e.call("lt.Scalar", place, size.plus(-1)));
        Arg.Ref bound = e.call("clamp.default", place, 0, size.plus(-1));
        return e.where(within, place, e.unary("floor", bound));
    }

    /** Mirrored at the centres of the border elements, or at their outer edges. */
    private Arg.Ref reflected(Arg.Ref x, SymInt size) {
        SymInt span = corners ? size.plus(-1) : size;
        if (span.is(0)) {
            return e.mul(x, 0.0);
        }
        Arg.Ref distance = e.unary("abs", corners ? x : e.add(x, 0.5));
        Arg.Ref extra = e.call("fmod.Scalar", distance, span);
        Arg.Ref odd = e.call("eq.Scalar", e.call("fmod.Scalar", e.unary("floor", e.div(distance, span)), 2.0), 1.0);
        Arg.Ref mirrored = e.where(odd, e.add(e.unary("neg", extra), span), extra);
        return corners ? mirrored : e.add(mirrored, -0.5);
    }

    /** Whether a place is one of the dimension. */
    Arg.Ref inside(Arg.Ref x, SymInt size) {
        return e.call("logical_and.default", e.call("ge.Scalar", x, 0), e.call("le.Scalar", x, size.plus(-1)));
    }
}
