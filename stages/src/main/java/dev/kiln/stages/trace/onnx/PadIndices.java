package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/**
 * Padding with the tensor's own elements: a selection by a constant index vector, for sizes without symbols.
 */
final class PadIndices {
    private PadIndices() {
    }

    static Arg.Ref pad(NodeImport n, Arg.Ref x, int dim, String mode, SymInt before, SymInt after) {
        if (before.is(0) && after.is(0)) {
            return x;
        }
        SymInt size = n.type(x).size(dim);
        if (!size.isConstant() || !before.isConstant() || !after.isConstant()) {
            throw new KilnException.Unsupported("mode '" + mode + "' over the dynamic size " + size
                + " is not supported; fix the shape with --shape");
        }
        int length = Math.toIntExact(before.plus(size).plus(after).asLong());
        long[] indices = new long[length];
        for (int i = 0; i < length; i++) {
            indices[i] = source(mode, i - before.asLong(), size.asLong());
        }
        Arg.Ref index = n.constant("pad_indices", ConstantValue.longs(List.of((long) length), indices));
        return n.call("aten.index_select.default", x, dim, index);
    }

    private static long source(String mode, long at, long size) {
        return switch (mode) {
            case "edge" -> Math.max(0, Math.min(size - 1, at));
            case "wrap" -> Math.floorMod(at, size);
            case "reflect" -> {
                long period = Math.max(1, 2 * (size - 1));
                long folded = Math.floorMod(at, period);
                yield folded < size ? folded : period - folded;
            }
            default -> throw new KilnException.BadInput("mode '" + mode
                + "' is none of constant, reflect, edge, wrap");
        };
    }
}
