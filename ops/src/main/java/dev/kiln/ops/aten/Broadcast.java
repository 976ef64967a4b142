package dev.kiln.ops.aten;

import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SizeConflict;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/**
 * The broadcasting rule: sizes are aligned from the right, and a size of 1 stretches. A size that comes from data is
 * taken not to be 1, and must equal the other at run time.
 */
public final class Broadcast {
    private Broadcast() {
    }

    public static List<SymInt> sizes(ShapeEnv shapes, String op, List<List<SymInt>> inputs) {
        int rank = inputs.stream().mapToInt(List::size).max().orElse(0);
        List<SymInt> result = new ArrayList<>();
        for (int d = 0; d < rank; d++) {
            SymInt size = SymInt.ONE;
            for (List<SymInt> input : inputs) {
                int own = d - (rank - input.size());
                if (own >= 0) {
                    size = join(shapes, op, size, input.get(own));
                }
            }
            result.add(size);
        }
        return result;
    }

    private static SymInt join(ShapeEnv shapes, String op, SymInt a, SymInt b) {
        if (a.is(1) || a.equals(b)) {
            return b;
        }
        if (b.is(1)) {
            return a;
        }
        if (shapes.equalOrAsserted(a, b)) {
            return shapes.isUnbacked(a) ? b : a;
        }
        throw new SizeConflict(op + ": sizes " + a + " and " + b + " do not broadcast", Guard.equal(a, b));
    }
}
