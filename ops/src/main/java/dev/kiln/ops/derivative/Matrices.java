package dev.kiln.ops.derivative;

import dev.kiln.ops.aten.Broadcast;
import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Matrix products as derivatives need them: transposes are views, batches are folded into one dimension. */
record Matrices(Emit e) {

    /** The last two dimensions exchanged; of complex numbers the conjugates, as the gradient of a product takes them. */
    Arg.Ref adjoint(Arg.Ref x) {
        List<Integer> order = new ArrayList<>(IntStream.range(0, e.rank(x)).boxed().toList());
        order.addAll(List.of(order.remove(order.size() - 1), order.remove(order.size() - 1)));
        return e.permute(e.dtype(x).isComplex() ? e.unary("conj", x) : x, order);
    }

    Arg.Ref mm(Arg.Ref left, Arg.Ref right) {
        return e.call("mm.default", left, right);
    }

    Arg.Ref bmm(Arg.Ref left, Arg.Ref right) {
        return e.call("bmm.default", left, right);
    }

    /** All dimensions but the last one as rows. */
    Arg.Ref rows(Arg.Ref x) {
        List<SymInt> sizes = e.tensor(x).sizes();
        return e.view(x, List.of(SymInt.product(sizes.subList(0, sizes.size() - 1)), sizes.getLast()));
    }

    /** left right, [.., m, k] by [.., k, n], batch dimensions broadcast. */
    Arg.Ref product(Arg.Ref left, Arg.Ref right) {
        List<SymInt> l = e.tensor(left).sizes();
        List<SymInt> r = e.tensor(right).sizes();
        if (l.size() == 2 && r.size() == 2) {
            return mm(left, right);
        }
        List<SymInt> batch = Broadcast.sizes(e.g().shapes(), "aten.matmul",
            List.of(l.subList(0, l.size() - 2), r.subList(0, r.size() - 2)));
        List<SymInt> sizes = new ArrayList<>(batch);
        sizes.addAll(List.of(l.get(l.size() - 2), r.getLast()));
        return e.view(bmm(stacked(left, batch), stacked(right, batch)), sizes);
    }

    private Arg.Ref stacked(Arg.Ref x, List<SymInt> batch) {
        List<SymInt> sizes = e.tensor(x).sizes();
        List<SymInt> matrix = sizes.subList(sizes.size() - 2, sizes.size());
        List<SymInt> wide = new ArrayList<>(batch);
        wide.addAll(matrix);
        return e.view(e.expand(x, wide), List.of(SymInt.product(batch), matrix.get(0), matrix.get(1)));
    }
}
