package dev.kiln.ops.decompose;

import dev.kiln.ops.aten.ConvolutionSpec;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Pooling to a wanted size: window i of n covers floor(i size / n) to ceil((i + 1) size / n). Equal windows are a view
 * and a mean; others a masked sum, dimension by dimension.
 */
final class AdaptivePooling {
    private AdaptivePooling() {
    }

    static void define(Definitions d) {
        for (int dims = 1; dims <= 3; dims++) {
            int n = dims;
            d.op("adaptive_avg_pool" + dims + "d.default(Tensor self, SymInt[] output_size) -> Tensor",
                (e, a) -> average(e, a, n));
            d.list("adaptive_max_pool" + dims + "d.default(Tensor self, SymInt[] output_size) -> (Tensor, Tensor)",
                (e, a) -> max(e, a, n));
            if (dims > 1) {
                d.op("_adaptive_avg_pool" + dims + "d.default(Tensor self, SymInt[] output_size) -> Tensor",
                    (e, a) -> average(e, a, n));
            }
        }
        d.op("_adaptive_avg_pool2d_backward.default(Tensor grad_output, Tensor self) -> Tensor",
            AdaptivePooling::backward);
    }

    private static int lead(OpArgs a, FakeTensor self, int dims) {
        int lead = self.rank() - dims;
        if (lead < 1 || lead > 2) {
            throw a.error("a tensor [C, spatial..] or [N, C, spatial..] expected, got " + self);
        }
        return lead;
    }

    private static Arg.Ref average(Emit e, OpArgs a, int dims) {
        FakeTensor self = a.tensor(0);
        int lead = lead(a, self, dims);
        List<SymInt> out = ConvolutionSpec.each(a, 1, dims);
        Arg.Ref x = e.compute(Emit.ref(a, 0));
        boolean even = IntStream.range(0, dims).allMatch(d -> !out.get(d).is(0)
            && self.size(lead + d).mod(out.get(d)).is(0));
        return e.cast(even ? evenMean(e, x, lead, out) : uneven(e, x, lead, out), self.dtype());
    }

    /** [.., out, size / out] a dimension, the mean over the second ones. */
    private static Arg.Ref evenMean(Emit e, Arg.Ref x, int lead, List<SymInt> out) {
        List<SymInt> split = new ArrayList<>(e.tensor(x).sizes().subList(0, lead));
        List<SymInt> joined = new ArrayList<>(split);
        long[] folded = new long[out.size()];
        for (int d = 0; d < out.size(); d++) {
            split.addAll(List.of(out.get(d), e.tensor(x).size(lead + d).floorDiv(out.get(d))));
            folded[d] = lead + 2 * d + 1;
        }
        joined.addAll(out);
        return e.view(e.mean(e.view(x, split), Arg.ints(folded), false), joined);
    }

    private static Arg.Ref uneven(Emit e, Arg.Ref x, int lead, List<SymInt> out) {
        Arg.Ref result = x;
        for (int d = out.size() - 1; d >= 0; d--) {
            SymInt size = e.tensor(x).size(lead + d);
            Arg.Ref member = member(e, size, out.get(d));
            Arg.Ref masked = masked(e, result, member, lead + d, e.number(0, e.dtype(x)));
            Arg.Ref count = e.call("sum.dim_IntList", member, Arg.ints(1), false);
            result = e.div(e.sum(masked, Arg.ints(lead + d + 1), false),
                along(e, e.cast(count, e.dtype(x)), lead + d, e.rank(x)));
        }
        return result;
    }

    /** Whether window i holds place j: [out, size]. */
    private static Arg.Ref member(Emit e, SymInt size, SymInt out) {
        Arg.Ref window = e.positions(out, 0, 2);
        Arg.Ref place = e.positions(size, 1, 2);
        Arg.Ref start = e.call("floor_divide.Scalar", e.mul(window, size), out);
        Arg.Ref end = e.call("floor_divide.Scalar", e.add(e.mul(e.add(window, 1), size), out.plus(-1)), out);
        return e.call("logical_and.default", e.call("ge.Tensor", place, start), e.call("lt.Tensor", place, end));
    }

    /** A dimension of size n becomes (out, n), what is outside of the window replaced. */
    private static Arg.Ref masked(Emit e, Arg.Ref x, Arg.Ref member, int dim, Arg.Ref outside) {
        List<SymInt> shape = new ArrayList<>(java.util.Collections.nCopies(e.rank(x) + 1, SymInt.ONE));
        shape.set(dim, e.tensor(member).size(0));
        shape.set(dim + 1, e.tensor(member).size(1));
        return e.where(e.view(member, shape), e.unsqueeze(x, dim), outside);
    }

    private static Arg.Ref along(Emit e, Arg.Ref vector, int dim, int rank) {
        List<SymInt> shape = new ArrayList<>(java.util.Collections.nCopies(rank, SymInt.ONE));
        shape.set(dim, e.tensor(vector).size(0));
        return e.view(vector, shape);
    }

    /** Dimension by dimension, so that of equal elements the first one in row-major order stays. */
    private static List<Arg.Ref> max(Emit e, OpArgs a, int dims) {
        FakeTensor self = a.tensor(0);
        int lead = lead(a, self, dims);
        List<SymInt> out = ConvolutionSpec.each(a, 1, dims);
        Arg.Ref best = Emit.ref(a, 0);
        Arg.Ref flat = null;
        SymInt inner = SymInt.ONE;
        for (int d = dims - 1; d >= 0; d--) {
            Arg.Ref member = member(e, self.size(lead + d), out.get(d));
            Arg.Ref masked = masked(e, best, member, lead + d, e.number(MaxPooling.lowest(self.dtype()), self.dtype()));
            Arg.Ref at = e.call("argmax.default", masked, lead + d + 1, false);
            best = e.call("amax.default", masked, Arg.ints(lead + d + 1), false);
            Arg.Ref own = e.mul(at, inner);
            flat = flat == null ? own : e.add(own, e.call("gather.default", flat, lead + d, at));
            inner = inner.times(self.size(lead + d));
        }
        return List.of(best, flat);
    }

    private static Arg.Ref backward(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(1);
        int lead = lead(a, self, 2);
        Arg.Ref grad = e.compute(Emit.ref(a, 0));
        for (int d = 1; d >= 0; d--) {
            Arg.Ref member = member(e, self.size(lead + d), a.tensor(0).size(lead + d));
            Arg.Ref count = e.cast(e.call("sum.dim_IntList", member, Arg.ints(1), false), e.dtype(grad));
            Arg.Ref share = e.div(grad, along(e, count, lead + d, e.rank(grad)));
            Arg.Ref masked = masked(e, share, e.call("t.default", member), lead + d, e.number(0, e.dtype(grad)));
            grad = e.sum(masked, Arg.ints(lead + d + 1), false);
        }
        return e.cast(grad, self.dtype());
    }
}
