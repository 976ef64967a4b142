package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Running sums and the largest elements. */
final class OrderImports {
    private OrderImports() {
    }

    static void register(Registry r) {
        r.tensor("CumSum", OrderImports::cumulativeSum);
        r.tensors("TopK", n -> {
            SymInt k = n.has(1) ? n.sizes(1, "k").getFirst() : SymInt.of(n.attributes().requireInteger("k"));
            int dim = n.dim(n.attributes().integer("axis", -1), n.rank(n.tensor(0)));
            Arg.Ref values = n.call("aten.topk.default", n.tensor(0), k, dim, n.attributes()
                .flag("largest", true), n.attributes().flag("sorted", true));
            return List.of(values, new Arg.Ref(values.node(), 1));
        });
    }

    /** In reverse by flipping before and after; exclusive by shifting a zero in first. */
    private static Arg.Ref cumulativeSum(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        int dim = n.dim(n.integer(1, "axis"), n.rank(x));
        boolean reverse = n.attributes().flag("reverse", false);
        Arg.Ref ordered = reverse ? n.call("aten.flip.default", x, new long[] {dim}) : x;
        Arg.Ref shifted = n.attributes().flag("exclusive", false) ? shift(n, ordered, dim) : ordered;
        Arg.Ref sum = n.call("aten.cumsum.default", shifted, dim, n.dtype(x));
        return reverse ? n.call("aten.flip.default", sum, new long[] {dim}) : sum;
    }

    private static Arg.Ref shift(NodeImport n, Arg.Ref x, int dim) {
        List<SymInt> pads = new ArrayList<>(Collections.nCopies(2 * (n.rank(x) - dim), SymInt.ZERO));
        pads.set(pads.size() - 2, SymInt.ONE);
        pads.set(pads.size() - 1, SymInt.of(-1));
        return n.call("aten.constant_pad_nd.default", x, pads, n.dtype(x).isFloating() ? new Arg.Real(0)
            : Arg.of(0));
    }
}
