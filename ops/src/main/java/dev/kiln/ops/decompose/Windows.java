package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Means for ops over windows; their lists have one entry a spatial dimension, the tensor's last ones. */
final class Windows {
    private Windows() {
    }

    /** Pads (or crops, where negative) the spatial dimensions. */
    static Arg.Ref pad(Emit e, Arg.Ref x, List<SymInt> before, List<SymInt> after, Object value) {
        List<SymInt> pads = new ArrayList<>();
        for (int d = before.size() - 1; d >= 0; d--) {
            pads.add(before.get(d));
            pads.add(after.get(d));
        }
        boolean nothing = pads.stream().allMatch(p -> p.is(0));
        return nothing ? x : e.call("constant_pad_nd.default", x, new Arg.Ints(pads), value);
    }

    /** stride - 1 zeros between neighbours: a size n becomes (n - 1) stride + 1. */
    static Arg.Ref spread(Emit e, Arg.Ref x, List<SymInt> stride) {
        if (stride.stream().allMatch(s -> s.is(1))) {
            return x;
        }
        FakeTensor t = e.tensor(x);
        int lead = t.rank() - stride.size();
        List<SymInt> columns = new ArrayList<>(t.sizes().subList(0, lead));
        List<SymInt> joined = new ArrayList<>(columns);
        List<SymInt> none = new ArrayList<>();
        List<SymInt> more = new ArrayList<>();
        for (int d = 0; d < stride.size(); d++) {
            columns.addAll(List.of(t.size(lead + d), SymInt.ONE));
            joined.add(t.size(lead + d).times(stride.get(d)));
            none.addAll(List.of(SymInt.ZERO, SymInt.ZERO));
            more.addAll(List.of(SymInt.ZERO, stride.get(d).plus(-1)));
        }
        Arg.Ref result = e.view(pad(e, e.view(x, columns), none, more, 0), joined);
        for (int d = 0; d < stride.size(); d++) {
            SymInt end = joined.get(lead + d).minus(stride.get(d)).plus(1);
            result = stride.get(d).is(1) ? result : e.slice(result, lead + d, SymInt.ZERO, end);
        }
        return result;
    }

    /** Every place of a window, row by row: the elements there of all windows, [.., windows..]. */
    static List<Arg.Ref> taps(Emit e, Arg.Ref x, long[] kernel, List<SymInt> stride, List<SymInt> dilation,
            List<SymInt> windows) {
        List<Arg.Ref> taps = List.of(x);
        int lead = e.rank(x) - kernel.length;
        for (int d = 0; d < kernel.length; d++) {
            List<Arg.Ref> finer = new ArrayList<>();
            for (Arg.Ref tap : taps) {
                for (long k = 0; k < kernel[d]; k++) {
                    SymInt start = dilation.get(d).times(k);
                    SymInt end = windows.get(d).plus(-1).times(stride.get(d)).plus(start).plus(1);
                    finer.add(e.call("slice.Tensor", tap, lead + d, start, end, stride.get(d)));
                }
            }
            taps = finer;
        }
        return taps;
    }

    /** 0, 1, ... along a spatial dimension, shaped to broadcast over the spatial dimensions. */
    static Arg.Ref places(Emit e, SymInt count, int d, int dims) {
        return e.positions(count, d, dims);
    }

    /**
     * The other way round: for every place of an image and one place in a window, which window has it there.
     *
     * @param index the window's flat number, [image..] as a vector; 0 where there is none
     * @param valid whether there is one, [image..]
     */
    record Owner(Arg.Ref index, Arg.Ref valid) {
    }

    static Owner owner(Emit e, List<SymInt> image, long[] tap, List<SymInt> stride, List<SymInt> padding,
            List<SymInt> dilation, List<SymInt> windows) {
        Arg.Ref index = null;
        Arg.Ref valid = null;
        int dims = tap.length;
        for (int d = 0; d < dims; d++) {
            SymInt shift = padding.get(d).minus(dilation.get(d).times(tap[d]));
            Arg.Ref start = e.add(places(e, image.get(d), d, dims), shift);
            Arg.Ref window = e.call("floor_divide.Scalar", start, stride.get(d));
            Arg.Ref own = e.call("logical_and.default",
                e.call("eq.Scalar", e.call("remainder.Scalar", start, stride.get(d)), 0),
                e.call("logical_and.default", e.call("ge.Scalar", window, 0),
                    e.call("lt.Scalar", window, windows.get(d))));
            Arg.Ref bounded = e.call("clamp.default", window, 0, windows.get(d).plus(-1));
            index = index == null ? bounded : e.add(e.mul(index, windows.get(d)), bounded);
            valid = valid == null ? own : e.call("logical_and.default", valid, own);
        }
        return new Owner(e.view(index, List.of(SymInt.product(image))), valid);
    }

    /** What the owners hold, [.., image..]; undefined where there is none. */
    static Arg.Ref pick(Emit e, Arg.Ref x, Owner owner, List<SymInt> image) {
        List<SymInt> lead = e.tensor(x).sizes().subList(0, e.rank(x) - image.size());
        List<SymInt> flat = new ArrayList<>(lead);
        flat.add(SymInt.product(e.tensor(x).sizes().subList(lead.size(), e.rank(x))));
        List<SymInt> full = new ArrayList<>(lead);
        full.addAll(image);
        return e.view(e.call("index_select.default", e.view(x, flat), lead.size(), owner.index()), full);
    }

    /** All places of a window, row by row. */
    static List<long[]> places(long[] kernel) {
        List<long[]> places = new ArrayList<>();
        long count = java.util.Arrays.stream(kernel).reduce(1, Math::multiplyExact);
        for (long i = 0; i < count; i++) {
            long[] place = new long[kernel.length];
            long rest = i;
            for (int d = kernel.length - 1; d >= 0; d--) {
                place[d] = rest % kernel[d];
                rest /= kernel[d];
            }
            places.add(place);
        }
        return places;
    }
}
