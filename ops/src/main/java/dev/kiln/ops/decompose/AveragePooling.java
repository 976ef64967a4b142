package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** Mean over windows: a chain of additions over strided slices, or if the window is large, gathered and summed. */
final class AveragePooling {
    private AveragePooling() {
    }

    static void define(Definitions d) {
        String window = "SymInt[] kernel_size, SymInt[] stride=[], SymInt[] padding=0, bool ceil_mode=False, "
            + "bool count_include_pad=True";
        d.op("avg_pool1d.default(Tensor self, " + window + ") -> Tensor", (e, a) -> pool(e, a, 1, null));
        for (int dims = 2; dims <= 3; dims++) {
            int n = dims;
            d.op("avg_pool" + dims + "d.default(Tensor self, " + window + ", int? divisor_override=None) -> Tensor",
                (e, a) -> pool(e, a, n, a.isNone(6) ? null : a.integer(6)));
        }
        d.op("avg_pool2d_backward.default(Tensor grad_output, Tensor self, SymInt[] kernel_size, SymInt[] stride, "
            + "SymInt[] padding, bool ceil_mode, bool count_include_pad, int? divisor_override) -> Tensor",
            AveragePooling::backward);
    }

    private static Arg.Ref pool(Emit e, OpArgs a, int dims, Long divisor) {
        Pool pool = Pool.of(a, a.tensor(0), dims, 1, -1, a.bool(4));
        Arg.Ref x = e.compute(Emit.ref(a, 0));
        Arg.Ref padded = Windows.pad(e, x, pool.padding(), pool.after(), 0);
        Arg.Ref sum;
        if (pool.places() <= MaxPooling.MAX_CHAIN) {
            List<Arg.Ref> taps = Windows.taps(e, padded, pool.kernel(), pool.stride(), pool.dilation(),
                pool.windows());
            sum = taps.stream().reduce(e::add).orElseThrow();
        } else {
            sum = e.sum(MaxPooling.gathered(e, padded, pool), Arg.ints(-1), false);
        }
        return e.cast(divided(e, sum, divisor(e, pool, a.bool(4), a.bool(5), divisor)), a.tensor(0).dtype());
    }

    /** Integers are divided with truncation. */
    private static Arg.Ref divided(Emit e, Arg.Ref sum, Object divisor) {
        if (e.dtype(sum).isFloating()) {
            return divisor instanceof Arg.Ref counts ? e.div(sum, e.cast(counts, e.dtype(sum))) : e.div(sum, divisor);
        }
        return divisor instanceof Arg.Ref counts ? e.call("div.Tensor_mode", sum, e.cast(counts, e.dtype(sum)), "trunc")
            : e.call("div.Scalar_mode", sum, divisor, "trunc");
    }

    /** A number, or each window's own count of places that count. */
    private static Object divisor(Emit e, Pool pool, boolean ceil, boolean includePad, Long override) {
        if (override != null) {
            return override;
        }
        if (!ceil && (includePad || !pool.isPadded())) {
            return pool.places();
        }
        Arg.Ref counts = null;
        for (int d = 0; d < pool.dims(); d++) {
            Arg.Ref start = e.add(e.mul(Windows.places(e, pool.windows().get(d), d, pool.dims()),
                pool.stride().get(d)), pool.padding().get(d).negate());
            SymInt last = includePad ? pool.image().get(d).plus(pool.padding().get(d)) : pool.image().get(d);
            Arg.Ref end = e.call("clamp_max.default", e.add(start, pool.kernel()[d]), last);
            Arg.Ref count = e.sub(end, includePad ? start : e.call("clamp_min.default", start, 0));
            counts = counts == null ? count : e.mul(counts, count);
        }
        return counts;
    }

    private static Arg.Ref backward(Emit e, OpArgs a) {
        Pool pool = Pool.of(a, a.tensor(1), 2, 2, -1, a.bool(5));
        Object divisor = divisor(e, pool, a.bool(5), a.bool(6), a.isNone(7) ? null : a.integer(7));
        Arg.Ref shares = divided(e, e.compute(Emit.ref(a, 0)), divisor);
        return e.cast(spread(e, shares, pool), a.tensor(0).dtype());
    }

    /** Each element of the image gets the sum over the windows that hold it. */
    private static Arg.Ref spread(Emit e, Arg.Ref shares, Pool pool) {
        Arg.Ref sum = null;
        for (long[] tap : Windows.places(pool.kernel())) {
            Windows.Owner owner = Windows.owner(e, pool.image(), tap, pool.stride(), pool.padding(), pool.dilation(),
                pool.windows());
            Arg.Ref term = e.where(owner.valid(), Windows.pick(e, shares, owner, pool.image()),
                e.number(0, e.dtype(shares)));
            sum = sum == null ? term : e.add(sum, term);
        }
        return sum;
    }
}
