package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/**
 * Distinct elements, or distinct slices along an axis. Slices are compared in pairs; the first of equal ones stands
 * for them. Outputs: the distinct slices, where each first stands, which of them each slice is, and how many there are.
 */
final class UniqueImport {
    private final NodeImport n;
    private final Arg.Ref x;
    private final int dim;
    private final Arg.Ref rows;
    private final SymInt count;

    UniqueImport(NodeImport n) {
        this.n = n;
        boolean flat = !n.attributes().has("axis");
        this.x = flat ? SelectionImports.flat(n, n.tensor(0)) : n.tensor(0);
        this.dim = flat ? 0 : n.dim(n.attributes().integer("axis", 0), n.rank(x));
        this.count = n.type(x).size(dim);
        this.rows = n.reshape(n.call("aten.movedim.int", x, dim, 0),
            List.of(count, n.type(x).numel().floorDiv(count)));
    }

    List<Arg.Ref> translate() {
        Arg.Ref left = wide(1);
        Arg.Ref right = wide(0);
        Arg.Ref differs = n.call("aten.ne.Tensor", left, right);
        Arg.Ref equal = n.call("aten.logical_not.default", n.call("aten.any.dims", differs, new long[] {2}, false));
        Arg.Ref leader = n.call("aten.argmax.default", n.cast(equal, DType.I32), 1, false);
        Arg.Ref leads = n.call("aten.eq.Tensor", leader, SelectionImports.range(n, 0, count));
        Arg.Ref before = n.attributes().flag("sorted", true) ? less(left, right, differs)
            : n.call("aten.gt.Tensor", n.call("aten.unsqueeze.default", leader, 1),
                SelectionImports.range(n, 0, count));
        Arg.Ref rank = sum(n.call("aten.logical_and.default", before, leads), 1);
        Arg.Ref firsts = n.call("aten.index_select.default", rank, 0, SelectionImports.places(n, leads));
        Arg.Ref order = n.call("aten.argsort.default", firsts);
        Arg.Ref indices = n.call("aten.index_select.default", SelectionImports.places(n, leads), 0, order);
        Arg.Ref each = n.call("aten.unsqueeze.default", SelectionImports.range(n, 0, n.type(order).size(0)), 1);
        return List.of(n.call("aten.index_select.default", x, dim, indices), indices, rank,
            sum(n.call("aten.eq.Tensor", rank, each), 1));
    }

    private Arg.Ref wide(int at) {
        return n.call("aten.expand.default", n.call("aten.unsqueeze.default", rows, at),
            List.of(count, count, n.type(rows).size(1)));
    }

    /** Whether the slice of the column stands before that of the row, by the first element that differs. */
    private Arg.Ref less(Arg.Ref left, Arg.Ref right, Arg.Ref differs) {
        Arg.Ref at = n.call("aten.argmax.default", n.cast(differs, DType.I32), 2, true);
        Arg.Ref less = n.call("aten.lt.Tensor", n.call("aten.gather.default", right, 2, at),
            n.call("aten.gather.default", left, 2, at));
        return n.call("aten.select.int", less, 2, 0);
    }

    private Arg.Ref sum(Arg.Ref truths, long dimension) {
        return n.call("aten.sum.dim_IntList", truths, new long[] {dimension}, false, DType.I64);
    }
}
