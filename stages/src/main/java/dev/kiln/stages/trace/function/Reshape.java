package dev.kiln.stages.trace.function;

import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Whether memory can be seen under other sizes without a copy, by PyTorch's rule. */
final class Reshape {
    private Reshape() {
    }

    /** The layout under the new sizes, which have as many elements; empty if there is none. */
    static Optional<FakeTensor> view(FakeTensor layout, List<SymInt> sizes, ShapeEnv shapes) {
        if (layout.isContiguous() || layout.numel().is(0)) {
            return Optional.of(layout.view(sizes, FakeTensor.contiguousStrides(sizes), layout.offset()));
        }
        return strides(layout, sizes, shapes).map(s -> layout.view(sizes, s, layout.offset()));
    }

    /** Groups old dimensions that lie dense in each other; each group must be a product of new dimensions. */
    private static Optional<List<SymInt>> strides(FakeTensor old, List<SymInt> sizes, ShapeEnv shapes) {
        SymInt[] strides = new SymInt[sizes.size()];
        int next = sizes.size() - 1;
        SymInt group = SymInt.ONE;
        SymInt inner = old.rank() == 0 ? SymInt.ONE : old.strides().getLast();
        for (int d = old.rank() - 1; d >= 0; d--) {
            group = group.times(old.size(d));
            if (d > 0 && joins(old, d - 1, group.times(inner), shapes)) {
                continue;
            }
            SymInt made = SymInt.ONE;
            while (next >= 0 && (!shapes.provablyEqual(made, group) || sizes.get(next).is(1))) {
                strides[next] = made.times(inner);
                made = made.times(sizes.get(next--));
            }
            if (!shapes.provablyEqual(made, group)) {
                return Optional.empty();
            }
            if (d > 0) {
                inner = old.strides().get(d - 1);
                group = SymInt.ONE;
            }
        }
        for (; next >= 0; next--) {
            strides[next] = SymInt.ONE;
        }
        return Optional.of(new ArrayList<>(Arrays.asList(strides)));
    }

    private static boolean joins(FakeTensor old, int outer, SymInt dense, ShapeEnv shapes) {
        return old.size(outer).is(1) || shapes.provablyEqual(old.strides().get(outer), dense);
    }
}
