package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;

/** Determinants. */
final class LinearAlgebraImports {
    /** The elimination is unrolled. */
    private static final long MAX_ORDER = 64;

    private LinearAlgebraImports() {
    }

    static void register(Registry r) {
        r.tensor("Det", LinearAlgebraImports::determinant);
    }

    /** By Gaussian elimination; each step takes the row with the largest element of its column as pivot. */
    private static Arg.Ref determinant(NodeImport n) {
        Arg.Ref a = n.tensor(0);
        List<SymInt> sizes = n.type(a).sizes();
        if (sizes.size() < 2) {
            throw new KilnException.BadInput("a determinant is of matrices, not of " + n.type(a));
        }
        n.shapes().require(sizes.get(sizes.size() - 2), sizes.getLast(), "the matrix is square");
        long order = n.shapes().specialize(sizes.getLast());
        if (order < 1 || order > MAX_ORDER) {
            throw new KilnException.Unsupported("matrices of order " + order + " are not supported (1 to "
                + MAX_ORDER + ")");
        }
        List<SymInt> batch = new ArrayList<>(sizes.subList(0, sizes.size() - 2));
        SymInt count = SymInt.product(batch);
        Arg.Ref rest = n.reshape(a, List.of(count, SymInt.of(order), SymInt.of(order)));
        Arg.Ref product = n.call("aten.full.default", List.of(count), 1.0, n.dtype(a));
        for (long k = order; k > 0; k--) {
            Pivot pivot = pivot(n, rest, k);
            product = n.call("aten.mul.Tensor", product, pivot.signed());
            rest = k > 1 ? eliminated(n, rest, pivot, k) : rest;
        }
        return n.reshape(product, batch);
    }

    /** Where the largest element of the first column stands, its row, and its value with the sign of the swap. */
    private record Pivot(Arg.Ref place, Arg.Ref row, Arg.Ref signed) {
    }

    private static Pivot pivot(NodeImport n, Arg.Ref rest, long order) {
        Arg.Ref column = n.call("aten.select.int", rest, 2, 0);
        Arg.Ref place = n.call("aten.argmax.default", n.call("aten.abs.default", column), 1, true);
        List<SymInt> sizes = List.of(n.type(rest).size(0), SymInt.ONE, SymInt.of(order));
        Arg.Ref wide = n.call("aten.expand.default", n.call("aten.unsqueeze.default", place, 2), sizes);
        Arg.Ref row = n.call("aten.gather.default", rest, 1, wide);
        Arg.Ref first = n.call("aten.select.int", n.call("aten.select.int", row, 1, 0), 1, 0);
        Arg.Ref swapped = n.call("aten.squeeze.dims", n.call("aten.ne.Scalar", place, 0), new long[] {1});
        return new Pivot(place, row, n.call("aten.where.self", swapped, n.call("aten.neg.default", first), first));
    }

    /** The rows without the pivot's (the first one stands in its place), less their multiples of the pivot's row. */
    private static Arg.Ref eliminated(NodeImport n, Arg.Ref rest, Pivot pivot, long order) {
        Arg.Ref places = n.call("aten.arange.start_step", 0, order, 1, DType.I64);
        Arg.Ref isPivot = n.call("aten.unsqueeze.default", n.call("aten.eq.Tensor", places, pivot.place()), 2);
        Arg.Ref top = n.call("aten.slice.Tensor", rest, 1, 0, 1);
        Arg.Ref rows = n.call("aten.slice.Tensor", n.call("aten.where.self", isPivot, top, rest), 1, 1, order);
        Arg.Ref head = n.call("aten.slice.Tensor", pivot.row(), 2, 0, 1);
        Arg.Ref safe = n.call("aten.where.self", n.call("aten.eq.Scalar", head, 0),
            n.call("aten.full.default", List.of(), 1.0, n.dtype(rest)), head);
        Arg.Ref factors = n.call("aten.div.Tensor", n.call("aten.slice.Tensor", rows, 2, 0, 1), safe);
        Arg.Ref reduced = n.call("aten.sub.Tensor", rows, n.call("aten.mul.Tensor", factors, pivot.row()));
        return n.call("aten.slice.Tensor", reduced, 2, 1, order);
    }
}
