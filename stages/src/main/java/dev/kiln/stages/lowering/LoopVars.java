package dev.kiln.stages.lowering;

import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.stream.IntStream;

/** The names of loop variables: {@code i0, i1, ...} over the output, {@code r0, ...} over what is folded. */
public final class LoopVars {
    private LoopVars() {
    }

    public static SymInt output(int dim) {
        return SymInt.symbol("i" + dim);
    }

    public static SymInt reduced(int dim) {
        return SymInt.symbol("r" + dim);
    }

    public static List<SymInt> outputs(int rank) {
        return IntStream.range(0, rank).mapToObj(LoopVars::output).toList();
    }

    /** The linear index of a place in a layout. */
    public static SymInt offset(List<SymInt> index, List<SymInt> strides) {
        SymInt offset = SymInt.ZERO;
        for (int d = 0; d < index.size(); d++) {
            offset = offset.plus(index.get(d).times(strides.get(d)));
        }
        return offset;
    }
}
