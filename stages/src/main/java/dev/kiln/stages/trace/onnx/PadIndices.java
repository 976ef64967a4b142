package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;

/** Padding with the tensor's own elements: a selection by an index vector computed from the sizes. */
final class PadIndices {
    private PadIndices() {
    }

    static Arg.Ref pad(NodeImport n, Arg.Ref x, int dim, String mode, SymInt before, SymInt after) {
        if (before.is(0) && after.is(0)) {
            return x;
        }
        SymInt size = n.type(x).size(dim);
        SymInt length = before.plus(size).plus(after);
        if (n.shapes().less(length, SymInt.ZERO)) {
            throw new KilnException.BadInput("pads " + before + " and " + after + " crop more than the size " + size);
        }
        Arg.Ref at = n.call("aten.sub.Scalar", n.call("aten.arange.start_step", 0, length, 1), before);
        Arg.Ref index = switch (mode) {
            case "edge" -> n.call("aten.clamp.default", at, 0, size.plus(-1));
            case "wrap" -> n.call("aten.remainder.Scalar", at, size);
            case "reflect" -> reflected(n, at, size);
            default -> throw new KilnException.BadInput("mode '" + mode
                + "' is none of constant, reflect, edge, wrap");
        };
        return n.call("aten.index_select.default", x, dim, index);
    }

    /** Forth and back between the first and the last element, as often as it takes. */
    private static Arg.Ref reflected(NodeImport n, Arg.Ref at, SymInt size) {
        SymInt last = size.plus(-1);
        if (last.is(0)) {
            return n.call("aten.mul.Scalar", at, 0);
        }
        SymInt period = last.times(2);
        Arg.Ref folded = n.call("aten.remainder.Scalar", at, last.isConstant() ? period : period.max(SymInt.ONE));
        Arg.Ref back = n.call("aten.add.Scalar", n.call("aten.neg.default", folded), period);
        return n.call("aten.minimum.default", folded, back);
    }
}
