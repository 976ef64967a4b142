package dev.kiln.ops.decompose;

import dev.kiln.ops.aten.Broadcast;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Matrix products over mm and bmm. */
final class ContractionDecompositions {
    private ContractionDecompositions() {
    }

    static void define(Definitions d) {
        d.known("aten.matmul.default", (e, a) -> matmul(e, Emit.ref(a, 0), Emit.ref(a, 1)));
        d.known("aten.addmm.default", (e, a) -> accumulate(e, a, e.call("mm.default", a.arg(1), a.arg(2))));
        d.op("baddbmm.default(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1)"
            + " -> Tensor",
            (e, a) -> accumulate(e, a, e.call("bmm.default", a.arg(1), a.arg(2))));
        d.op("addmv.default(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
            (e, a) -> accumulate(e, a, matmul(e, Emit.ref(a, 1), vector(e, a, 2))));
        d.op("mv.default(Tensor self, Tensor vec) -> Tensor", (e, a) -> {
            if (a.tensor(0).rank() != 2) {
                throw a.error("a matrix expected, got " + a.tensor(0));
            }
            return matmul(e, Emit.ref(a, 0), vector(e, a, 1));
        });
        d.op("dot.default(Tensor self, Tensor tensor) -> Tensor",
            (e, a) -> matmul(e, vector(e, a, 0), vector(e, a, 1)));
        d.op("vdot.default(Tensor self, Tensor other) -> Tensor",
            (e, a) -> matmul(e, vector(e, a, 0), vector(e, a, 1)));
        d.op("outer.default(Tensor self, Tensor vec2) -> Tensor",
            (e, a) -> e.mul(e.unsqueeze(vector(e, a, 0), 1), vector(e, a, 1)));
    }

    private static Arg.Ref vector(Emit e, OpArgs a, int position) {
        if (a.tensor(position).rank() != 1) {
            throw a.error("a vector expected, got " + a.tensor(position));
        }
        return Emit.ref(a, position);
    }

    /** beta * self + alpha * product; with beta = 0 self does not count, not even its NaNs. */
    private static Arg.Ref accumulate(Emit e, OpArgs a, Arg.Ref product) {
        Arg.Ref scaled = is(a, 4, 1) ? product : e.mul(product, factor(e, a, 4));
        Broadcast.sizes(a.shapes(), a.schema().name(),
            List.of(a.tensor(0).sizes(), e.tensor(product).sizes()));
        if (is(a, 3, 0)) {
            return scaled;
        }
        Arg.Ref self = Emit.ref(a, 0);
        return e.add(is(a, 3, 1) ? self : e.mul(self, factor(e, a, 3)), scaled);
    }

    /** A factor in the tensors' category: of integers, it is truncated. */
    private static Arg factor(Emit e, OpArgs a, int position) {
        boolean floating = e.dtype(Emit.ref(a, 1)).isFloating();
        return floating || !(a.arg(position) instanceof Arg.Real(double value)) ? a.arg(position)
            : Arg.of((long) value);
    }

    private static boolean is(OpArgs a, int position, double value) {
        return a.arg(position) instanceof Arg.Int(SymInt size) && !size.isConstant() ? false
            : a.real(position) == value;
    }

    static Arg.Ref matmul(Emit e, Arg.Ref left, Arg.Ref right) {
        List<SymInt> l = e.tensor(left).sizes();
        List<SymInt> r = e.tensor(right).sizes();
        List<SymInt> out = new ArrayList<>(Broadcast.sizes(e.g().shapes(), "aten.matmul",
            List.of(batch(l), batch(r))));
        if (l.size() > 1) {
            out.add(l.get(l.size() - 2));
        }
        if (r.size() > 1) {
            out.add(r.getLast());
        }
        Arg.Ref a = l.size() == 1 ? e.unsqueeze(left, 0) : left;
        Arg.Ref b = r.size() == 1 ? e.unsqueeze(right, 1) : right;
        return e.view(r.size() <= 2 ? folded(e, a, b) : batched(e, a, b), out);
    }

    private static List<SymInt> batch(List<SymInt> sizes) {
        return sizes.subList(0, Math.max(0, sizes.size() - 2));
    }

    /** The right side is one matrix: all rows of the left side form one tall matrix. */
    private static Arg.Ref folded(Emit e, Arg.Ref left, Arg.Ref right) {
        List<SymInt> sizes = e.tensor(left).sizes();
        SymInt rows = SymInt.product(sizes.subList(0, sizes.size() - 1));
        return e.call("mm.default", e.view(left, List.of(rows, sizes.getLast())), right);
    }

    private static Arg.Ref batched(Emit e, Arg.Ref left, Arg.Ref right) {
        List<SymInt> common = Broadcast.sizes(e.g().shapes(), "aten.matmul",
            List.of(batch(e.tensor(left).sizes()), batch(e.tensor(right).sizes())));
        return e.call("bmm.default", stacked(e, left, common), stacked(e, right, common));
    }

    /** The matrices of a tensor, its batch dimensions stretched and folded into one. */
    private static Arg.Ref stacked(Emit e, Arg.Ref x, List<SymInt> common) {
        List<SymInt> sizes = e.tensor(x).sizes();
        List<SymInt> matrix = sizes.subList(sizes.size() - 2, sizes.size());
        List<SymInt> wide = new ArrayList<>(common);
        wide.addAll(matrix);
        return e.view(e.expand(x, wide), List.of(SymInt.product(common), matrix.get(0), matrix.get(1)));
    }
}
