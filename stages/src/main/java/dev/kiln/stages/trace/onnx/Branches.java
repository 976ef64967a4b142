package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.aten.DataSizeOps;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/**
 * The results of two branches, of which data chooses one when the code runs. Where their sizes differ, so does the
 * result's: it has a new size, which is computed before it, and both are padded to the larger one.
 */
final class Branches {
    private final NodeImport n;
    private final Arg.Ref taken;

    /** @param taken a truth value: whether the first branch is taken */
    Branches(NodeImport n, Arg.Ref taken) {
        this.n = n;
        this.taken = taken;
    }

    Value select(Value yes, Value no, String what) {
        if (yes == no) {
            return yes;
        }
        Arg.Ref a = n.context().values().tensor(yes);
        Arg.Ref b = n.context().values().tensor(no);
        if (n.dtype(a) != n.dtype(b) || n.rank(a) != n.rank(b)) {
            throw new KilnException.Unsupported(what + " give " + n.type(a) + " and " + n.type(b)
                + "; only results of one type and number of dimensions are supported");
        }
        return new Value.Tensor(select(a, b));
    }

    private Arg.Ref select(Arg.Ref yes, Arg.Ref no) {
        List<SymInt> most = new ArrayList<>();
        List<SymInt> sizes = new ArrayList<>();
        for (int dim = 0; dim < n.rank(yes); dim++) {
            SymInt a = n.type(yes).size(dim);
            SymInt b = n.type(no).size(dim);
            most.add(larger(a, b));
            sizes.add(n.shapes().provablyEqual(a, b) ? a : chosen(a, b, most.get(dim)));
        }
        Arg.Ref result = isEmpty(yes) ? padded(no, most) : isEmpty(no) ? padded(yes, most)
            : n.call("aten.where.self", taken, padded(yes, most), padded(no, most));
        for (int dim = 0; dim < sizes.size(); dim++) {
            if (!sizes.get(dim).equals(most.get(dim))) {
                result = n.call("aten.slice.Tensor", result, dim, 0, sizes.get(dim));
            }
        }
        return result;
    }

    /** Whether it has no element, so that none of them is ever seen. */
    private boolean isEmpty(Arg.Ref x) {
        return n.type(x).sizes().stream().anyMatch(s -> s.is(0));
    }

    private SymInt larger(SymInt a, SymInt b) {
        ShapeEnv shapes = n.shapes();
        return shapes.provablyAtMost(a, b) ? b : shapes.provablyAtMost(b, a) ? a : a.max(b);
    }

    /** A new size whose value is that of the branch taken. */
    private SymInt chosen(SymInt yes, SymInt no, SymInt most) {
        SymInt size = n.shapes().unbacked(most);
        Arg.Ref value = n.call("aten.where.self", taken, number(yes), number(no));
        n.call(DataSizeOps.BIND_SIZE, value, size);
        n.shapes().require(Guard.atMost(size, most), "the size that a condition chooses");
        return size;
    }

    private Arg.Ref number(SymInt value) {
        return n.context().values().tensor(new Value.Known(KnownInts.scalar(DType.I64, value)));
    }

    private Arg.Ref padded(Arg.Ref x, List<SymInt> to) {
        List<SymInt> pads = new ArrayList<>();
        for (int dim = to.size() - 1; dim >= 0; dim--) {
            pads.add(SymInt.ZERO);
            pads.add(to.get(dim).minus(n.type(x).size(dim)));
        }
        return pads.stream().allMatch(p -> p.is(0)) ? x : n.call("aten.constant_pad_nd.default", x, pads);
    }
}
