package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** What picks elements by their order: the gradient goes to the places that come out beside the values. */
final class OrderDerivatives {
    private OrderDerivatives() {
    }

    static void define(Rules r) {
        for (String extreme : new String[] {"max.dim", "min.dim"}) {
            picked(r, extreme, 1, 2);
        }
        for (String median : new String[] {"median", "nanmedian"}) {
            picked(r, median + ".dim", 1, 2);
            r.rule(median + ".default", b -> b.give(0, () -> shared(b)));
        }
        picked(r, "kthvalue.default", 2, 3);
        picked(r, "sort.stable", 2, -1);
        picked(r, "topk.default", 2, -1);
        picked(r, "cummax.default", 1, -1);
        picked(r, "cummin.default", 1, -1);
    }

    /** All elements that equal the one that is picked share the gradient. */
    private static Arg.Ref shared(Backward b) {
        Emit e = b.e();
        Arg.Ref none = e.call("logical_and.default", e.unary("isnan", b.input(0)), e.unary("isnan", b.output(0)));
        Arg.Ref picked = e.call("logical_or.default", e.call("eq.Tensor", b.input(0), b.output(0)), none);
        Arg.Ref share = e.div(b.grad(), e.unary("sum", e.cast(picked, e.dtype(b.grad()))));
        return e.where(picked, share, e.number(0, e.dtype(share)));
    }

    /**
     * @param dim position of the dimension
     * @param keep position of whether it is kept; negative if it always is
     */
    private static void picked(Rules r, String overload, int dim, int keep) {
        r.rule(overload, b -> b.give(0, () -> {
            Emit e = b.e();
            FakeTensor self = b.tensor(0);
            if (self.rank() == 0) {
                return b.grad();
            }
            int along = b.args().dim(dim, self.rank());
            boolean kept = keep < 0 || b.args().bool(keep);
            return put(e, self, along, kept(e, b.output(1), self, along, kept), kept(e, b.grad(), self, along, kept));
        }));
    }

    private static Arg.Ref kept(Emit e, Arg.Ref x, FakeTensor self, int dim, boolean kept) {
        if (kept) {
            return x;
        }
        List<SymInt> sizes = new ArrayList<>(self.sizes());
        sizes.set(dim, SymInt.ONE);
        return e.view(x, sizes);
    }

    /** Zeros of a tensor's sizes, to which the elements are added at places of a dimension. */
    static Arg.Ref put(Emit e, FakeTensor self, int dim, Arg.Ref places, Arg.Ref elements) {
        Arg.Ref zeros = e.full(self.sizes(), 0, e.dtype(elements));
        return e.call("scatter_add.default", zeros, dim, places, elements);
    }
}
