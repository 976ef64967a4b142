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
}
