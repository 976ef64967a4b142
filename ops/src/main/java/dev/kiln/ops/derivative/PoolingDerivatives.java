package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Maximum and mean over windows. Of equal elements in a window the one whose place the forward call gave takes all. */
final class PoolingDerivatives {
    /** Window places up to which a gradient is gathered place by place; those of larger windows are scattered. */
    private static final long MAX_GATHERED = 64;

    private PoolingDerivatives() {
    }

    static void define(Rules r) {
        r.rule("max_pool2d_with_indices.default", b -> b.give(0, () -> places(b.args(), 2) > MAX_GATHERED ? scattered(b, 2)
            : b.e().call("max_pool2d_with_indices_backward.default", b.grad(), b.input(0), b.call().arg(1),
                b.call().arg(2), b.call().arg(3), b.call().arg(4), b.call().arg(5), b.output(1))));
        for (int dims : new int[] {1, 3}) {
            r.rule("max_pool" + dims + "d_with_indices.default", b -> b.give(0, () -> scattered(b, dims)));
        }
        for (int dims = 1; dims <= 3; dims++) {
            int n = dims;
            r.rule("adaptive_max_pool" + dims + "d.default", b -> b.give(0, () -> scattered(b, n)));
        }
        r.rule("avg_pool2d.default", b -> b.give(0, () -> b.e().call("avg_pool2d_backward.default", b.grad(), b.input(0),
            b.call().arg(1), b.call().arg(2), b.call().arg(3), b.call().arg(4), b.call().arg(5), b.call().arg(6))));
        r.rule("avg_pool1d.default", b -> b.give(0, () -> asRows(b)));
        r.rule("_adaptive_avg_pool2d.default", b -> b.give(0, () ->
            b.e().call("_adaptive_avg_pool2d_backward.default", b.grad(), b.input(0))));
    }

    private static long places(OpArgs a, int dims) {
        List<SymInt> kernel = a.sizes(1);
        long places = kernel.stream().mapToLong(a.shapes()::specialize).reduce(1, Math::multiplyExact);
        return kernel.size() == dims ? places : places * places;
    }

    /** The gradients added up at the places that the second output names, in planes of the last dimensions. */
    private static Arg.Ref scattered(Backward b, int dims) {
        Emit e = b.e();
        FakeTensor self = b.tensor(0);
        int lead = self.rank() - dims;
        Arg.Ref grad = e.compute(b.grad());
        Arg.Ref zeros = e.full(flat(self, lead), 0, e.dtype(grad));
        Arg.Ref sums = e.call("scatter_add.default", zeros, lead, e.view(b.output(1), flat(e.tensor(b.output(1)), lead)),
            e.view(grad, flat(e.tensor(grad), lead)));
        return e.view(sums, self.sizes());
    }

    private static List<SymInt> flat(FakeTensor x, int lead) {
        List<SymInt> sizes = new ArrayList<>(x.sizes().subList(0, lead));
        sizes.add(SymInt.product(x.sizes().subList(lead, x.rank())));
        return sizes;
    }

    /** A line is an image of one row. */
    private static Arg.Ref asRows(Backward b) {
        Emit e = b.e();
        OpArgs a = b.args();
        Arg.Ref all = e.call("avg_pool2d_backward.default", e.unsqueeze(b.grad(), -2), e.unsqueeze(b.input(0), -2),
            pair(a.sizes(1), 1), a.sizes(2).isEmpty() ? new Arg.Ints(List.of()) : pair(a.sizes(2), 1), pair(a.sizes(3), 0),
            b.call().arg(4), b.call().arg(5), null);
        return e.call("squeeze.dim", all, -2);
    }

    private static Arg pair(List<SymInt> one, long first) {
        List<SymInt> both = new ArrayList<>(Collections.singletonList(SymInt.of(first)));
        both.addAll(one);
        return new Arg.Ints(both);
    }
}
