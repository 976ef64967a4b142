package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import java.util.List;

/**
 * Casts to small integers of floats that lie between two literals, as in a quantization: an int holds them, which vectors
 * convert to at twice the speed of the 64 bits that a float of any size needs.
 */
final class Clamped {
    private static final double LARGEST = 1 << 30;

    private Clamped() {
    }

    static boolean isCastByInt(Scalar.Apply apply) {
        DType to = apply.dtype();
        return apply.op() == ScalarOp.CAST && !to.isFloating() && to != DType.BOOL && to.bytes() < Integer.BYTES
            && isClamped(apply.args().getFirst());
    }

    static String castByInt(DType to, String value) {
        return "(" + CTypes.stored(to) + ")(int32_t)" + value;
    }

    private static boolean isClamped(Scalar value) {
        return value.dtype().isFloating() && (isBounded(value, ScalarOp.MIN, ScalarOp.MAX)
            || isBounded(value, ScalarOp.MAX, ScalarOp.MIN));
    }

    private static boolean isBounded(Scalar value, ScalarOp outer, ScalarOp inner) {
        return value instanceof Scalar.Apply(var op, List<Scalar> args, var type) && op == outer && isSmall(args.getLast())
            && args.getFirst() instanceof Scalar.Apply(var within, List<Scalar> bounds, var other) && within == inner
            && isSmall(bounds.getLast());
    }

    private static boolean isSmall(Scalar value) {
        return value instanceof Scalar.Literal literal && Math.abs(literal.real()) <= LARGEST;
    }
}
