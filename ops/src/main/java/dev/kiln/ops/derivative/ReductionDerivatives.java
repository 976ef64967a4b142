package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Sums, products, extremes and statistics along dimensions. */
final class ReductionDerivatives {
    private ReductionDerivatives() {
    }

    static void define(Rules r) {
        r.rule("sum.dim_IntList", b -> b.give(0, () ->
            b.e().expand(kept(b, b.grad(), 1), b.tensor(0).sizes())));
        for (String extreme : new String[] {"amax.default", "amin.default"}) {
            r.rule(extreme, b -> b.give(0, () -> shared(b)));
        }
        r.rule("prod.dim_int", b -> b.give(0, () -> product(b)));
        r.rule("logsumexp.default", b -> b.give(0, () -> b.e().mul(kept(b, b.grad(), 1),
            b.e().unary("exp", b.e().sub(b.input(0), kept(b, b.output(0), 1))))));
        r.rule("var.correction", b -> b.give(0, () -> variance(b, b.grad())));
        r.rule("std.correction", b -> b.give(0, () -> variance(b, ofRoot(b))));
        r.rule("var_mean.correction", b -> {
            varianceOf(b, () -> variance(b, b.grad()));
            mean(b);
        });
        r.rule("std_mean.correction", b -> {
            varianceOf(b, () -> variance(b, ofRoot(b)));
            mean(b);
        });
    }

    private static void varianceOf(Backward b, java.util.function.Supplier<Arg.Ref> gradient) {
        if (b.has(0)) {
            b.give(0, gradient);
        }
    }

    private static void mean(Backward b) {
        if (b.has(1)) {
            b.give(0, () -> b.e().expand(b.e().div(kept(b, b.grad(1), 1), count(b)), b.tensor(0).sizes()));
        }
    }

    /** The dimensions that the argument at a position names; all if it names none. */
    static Set<Integer> reduced(Backward b, int position) {
        OpArgs a = b.args();
        int rank = b.tensor(0).rank();
        Set<Integer> dims = new TreeSet<>();
        switch (a.arg(position)) {
            case Arg.Ints(var listed) -> listed.forEach(d -> dims.add(a.wrapDim(a.shapes().specialize(d), rank)));
            case Arg.Int(var dim) -> dims.add(a.wrapDim(a.shapes().specialize(dim), rank));
            default -> { }
        }
        if (dims.isEmpty()) {
            for (int d = 0; d < rank; d++) {
                dims.add(d);
            }
        }
        return dims;
    }

    /** What has a reduction's sizes, with the reduced dimensions of size 1. */
    static Arg.Ref kept(Backward b, Arg.Ref reduced, int position) {
        List<SymInt> sizes = new ArrayList<>(b.tensor(0).sizes());
        reduced(b, position).stream().filter(d -> d < sizes.size()).forEach(d -> sizes.set(d, SymInt.ONE));
        return b.e().view(reduced, sizes);
    }

    private static Arg dims(Backward b, int position) {
        return Arg.ints(reduced(b, position).stream().mapToLong(d -> d).toArray());
    }

    private static SymInt count(Backward b) {
        FakeTensor self = b.tensor(0);
        return reduced(b, 1).stream().filter(d -> d < self.rank()).map(self::size).reduce(SymInt.ONE, SymInt::times);
    }

    /** Equal extremes share the gradient. */
    private static Arg.Ref shared(Backward b) {
        Emit e = b.e();
        Arg.Ref extreme = e.call("eq.Tensor", b.input(0), kept(b, b.output(0), 1));
        Arg.Ref ones = e.cast(extreme, e.dtype(b.grad()));
        Arg.Ref share = e.div(kept(b, b.grad(), 1), b.tensor(0).rank() == 0 ? ones : e.sum(ones, dims(b, 1), true));
        return e.mul(ones, share);
    }

    /** The product of the others, also where there is a zero among them. */
    private static Arg.Ref product(Backward b) {
        Emit e = b.e();
        Arg.Ref x = e.cast(b.input(0), e.dtype(b.grad()));
        Arg.Ref zero = e.call("eq.Scalar", x, 0);
        Arg.Ref others = e.call("prod.dim_int", e.call("masked_fill.Scalar", x, zero, 1), b.call().arg(1), true);
        Arg.Ref zeros = b.tensor(0).rank() == 0 ? e.cast(zero, dev.kiln.ops.DType.I64) : e.sum(zero, dims(b, 1), true);
        Arg.Ref grad = e.mul(kept(b, b.grad(), 1), others);
        Arg.Ref none = e.call("where.ScalarOther", e.call("eq.Scalar", zeros, 0), grad, 0);
        Arg.Ref one = e.call("where.ScalarOther", e.call("eq.Scalar", zeros, 1), grad, 0);
        return e.where(zero, one, e.div(none, x));
    }

    private static Arg.Ref variance(Backward b, Arg.Ref gradient) {
        Emit e = b.e();
        OpArgs a = b.args();
        Arg.Ref x = e.compute(b.input(0));
        Arg.Ref centered = e.sub(x, b.tensor(0).rank() == 0 ? x : e.mean(x, dims(b, 1), true));
        Arg.Ref scaled = e.mul(e.mul(kept(b, gradient, 1), 2), centered);
        double correction = a.isNone(2) ? 1 : a.real(2);
        if (correction == Math.rint(correction)) {
            return e.div(scaled, count(b).plus((long) -correction));
        }
        return e.div(scaled, a.shapes().specialize(count(b)) - correction);
    }

    /** The gradient of the variance that a deviation is the root of; none at 0. */
    private static Arg.Ref ofRoot(Backward b) {
        Emit e = b.e();
        Arg.Ref gradient = e.div(b.grad(), e.mul(b.output(0), 2));
        return e.call("masked_fill.Scalar", gradient, e.call("eq.Scalar", b.output(0), 0), 0);
    }
}
