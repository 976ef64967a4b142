package dev.kiln.stages.lowering;

import dev.kiln.ops.shape.SymInt;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
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

    /** The variables of dimensions of size 1, each to be 0: indices that differ only in these are the same. */
    public static Map<String, SymInt> units(List<SymInt> sizes, IntFunction<SymInt> variable) {
        Map<String, SymInt> units = new HashMap<>();
        for (int d = 0; d < sizes.size(); d++) {
            if (sizes.get(d).is(1)) {
                units.put(variable.apply(d).toString(), SymInt.ZERO);
            }
        }
        return units;
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
