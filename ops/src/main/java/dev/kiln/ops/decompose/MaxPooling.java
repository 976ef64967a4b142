package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Maximum over windows. A small window is written out as a chain of maxima over strided slices of the padded image,
 * which vectorises along its rows; a large one is gathered and reduced.
 */
final class MaxPooling {
    /** Window places up to which a pooling is written out. */
    static final long MAX_CHAIN = 64;

    private MaxPooling() {
    }

    static void define(Definitions d) {
        String window = "SymInt[] kernel_size, SymInt[] stride=[], SymInt[] padding=0, SymInt[] dilation=1, "
            + "bool ceil_mode=False)";
        for (int dims = 1; dims <= 3; dims++) {
            int n = dims;
            String name = "max_pool" + dims + "d";
            d.op(name + ".default(Tensor self, " + window + " -> Tensor", (e, a) -> pool(e, a, n, false).getFirst());
            d.list(name + "_with_indices.default(Tensor self, " + window + " -> (Tensor, Tensor)",
                (e, a) -> pool(e, a, n, true));
        }
        d.op("max_pool2d_with_indices_backward.default(Tensor grad_output, Tensor self, SymInt[] kernel_size, "
            + "SymInt[] stride, SymInt[] padding, SymInt[] dilation, bool ceil_mode, Tensor indices) -> Tensor",
            MaxPooling::backward);
    }

    private static List<Arg.Ref> pool(Emit e, OpArgs a, int dims, boolean indices) {
        DType dtype = a.tensor(0).dtype();
        Pool pool = Pool.of(a, a.tensor(0), dims, 1, 4, a.bool(5));
        Arg.Ref padded = Windows.pad(e, Emit.ref(a, 0), pool.padding(), pool.after(), lowest(dtype));
        return pool.places() <= MAX_CHAIN ? chain(e, padded, pool, indices) : reduced(e, a, padded, pool);
    }

    static Object lowest(DType dtype) {
        return switch (dtype) {
            case BOOL, U8 -> 0L;
            case I8 -> (long) Byte.MIN_VALUE;
            case I16 -> (long) Short.MIN_VALUE;
            case I32 -> (long) Integer.MIN_VALUE;
            case I64 -> Long.MIN_VALUE;
            default -> Double.NEGATIVE_INFINITY;
        };
    }

    private static List<Arg.Ref> chain(Emit e, Arg.Ref padded, Pool pool, boolean indices) {
        List<Arg.Ref> taps = Windows.taps(e, padded, pool.kernel(), pool.stride(), pool.dilation(), pool.windows());
        List<long[]> places = Windows.places(pool.kernel());
        Arg.Ref best = taps.getFirst();
        Arg.Ref at = indices ? e.expand(place(e, pool, places.getFirst(), true), e.tensor(best).sizes()) : null;
        for (int i = 1; i < taps.size(); i++) {
            Arg.Ref tap = taps.get(i);
            if (indices) {
                Arg.Ref wins = e.call("gt.Tensor", tap, best);
                Arg.Ref beats = e.dtype(tap).isFloating()
                    ? e.call("logical_or.default", wins, e.unary("isnan", tap)) : wins;
                at = e.where(beats, place(e, pool, places.get(i), false), at);
            }
            best = e.call("maximum.default", best, tap);
        }
        return indices ? List.of(best, at) : List.of(best);
    }

    /** The flat place in the image of a place in each window; of the first one, moved into the image if need be. */
    private static Arg.Ref place(Emit e, Pool pool, long[] tap, boolean first) {
        Arg.Ref flat = null;
        for (int d = 0; d < pool.dims(); d++) {
            SymInt shift = pool.dilation().get(d).times(tap[d]).minus(pool.padding().get(d));
            Arg.Ref own = e.add(e.mul(Windows.places(e, pool.windows().get(d), d, pool.dims()), pool.stride().get(d)),
                shift);
            if (first && !pool.padding().get(d).is(0)) {
                own = e.where(e.call("lt.Scalar", own, 0), e.call("remainder.Scalar", own, pool.dilation().get(d)),
                    own);
            }
            flat = flat == null ? own : e.add(e.mul(flat, pool.image().get(d)), own);
        }
        return flat;
    }

    /** Every window gathered into a last dimension: [.., windows.., window]. */
    static Arg.Ref gathered(Emit e, Arg.Ref padded, Pool pool) {
        int dims = pool.dims();
        int lead = e.rank(padded) - dims;
        Arg.Ref x = padded;
        for (int d = 0; d < dims; d++) {
            Arg.Ref starts = e.mul(e.positions(pool.windows().get(d), 0, 2), pool.stride().get(d));
            Arg.Ref steps = e.mul(e.positions(SymInt.of(pool.kernel()[d]), 1, 2), pool.dilation().get(d));
            Arg.Ref index = e.view(e.add(starts, steps), List.of(pool.windows().get(d).times(pool.kernel()[d])));
            x = e.call("index_select.default", x, lead + d, index);
        }
        List<SymInt> split = new ArrayList<>(e.tensor(x).sizes().subList(0, lead));
        List<Integer> order = new ArrayList<>(IntStream.range(0, lead).boxed().toList());
        for (int d = 0; d < dims; d++) {
            split.addAll(List.of(pool.windows().get(d), SymInt.of(pool.kernel()[d])));
            order.add(lead + 2 * d);
        }
        IntStream.range(0, dims).forEach(d -> order.add(lead + 2 * d + 1));
        List<SymInt> joined = new ArrayList<>(split.subList(0, lead));
        joined.addAll(pool.windows());
        joined.add(SymInt.of(pool.places()));
        return e.view(e.permute(e.view(x, split), order), joined);
    }

    private static List<Arg.Ref> reduced(Emit e, OpArgs a, Arg.Ref padded, Pool pool) {
        Arg.Ref windows = gathered(e, padded, pool);
        Arg.Ref best = e.call("amax.default", windows, Arg.ints(-1), false);
        Arg.Ref tap = e.call("argmax.default", windows, -1, false);
        Arg.Ref flat = null;
        SymInt inner = SymInt.of(pool.places());
        for (int d = 0; d < pool.dims(); d++) {
            inner = inner.floorDiv(SymInt.of(pool.kernel()[d]));
            Arg.Ref step = e.call("remainder.Scalar", e.call("floor_divide.Scalar", tap, inner), pool.kernel()[d]);
            Arg.Ref start = e.add(e.mul(Windows.places(e, pool.windows().get(d), d, pool.dims()),
                pool.stride().get(d)), pool.padding().get(d).negate());
            Arg.Ref own = e.add(e.mul(step, pool.dilation().get(d)), start);
            Arg.Ref inside = e.call("clamp.default", own, 0, pool.image().get(d).plus(-1));
            flat = flat == null ? inside : e.add(e.mul(flat, pool.image().get(d)), inside);
        }
        return List.of(best, flat);
    }

    /** Each element takes the gradients of the windows whose maximum it is. */
    private static Arg.Ref backward(Emit e, OpArgs a) {
        Pool pool = Pool.of(a, a.tensor(1), 2, 2, 5, a.bool(6));
        DType dtype = a.tensor(0).dtype();
        Arg.Ref own = e.add(e.mul(Windows.places(e, pool.image().get(0), 0, 2), pool.image().get(1)),
            Windows.places(e, pool.image().get(1), 1, 2));
        Arg.Ref sum = null;
        for (long[] tap : Windows.places(pool.kernel())) {
            Windows.Owner owner = Windows.owner(e, pool.image(), tap, pool.stride(), pool.padding(), pool.dilation(),
                pool.windows());
            Arg.Ref mine = e.call("logical_and.default", owner.valid(),
                e.call("eq.Tensor", Windows.pick(e, Emit.ref(a, 7), owner, pool.image()), own));
            Arg.Ref grad = e.compute(Windows.pick(e, Emit.ref(a, 0), owner, pool.image()));
            Arg.Ref term = e.where(mine, grad, e.number(0, e.dtype(grad)));
            sum = sum == null ? term : e.add(sum, term);
        }
        return e.cast(sum, dtype);
    }
}
