package dev.kiln.ops.derivative;

import dev.kiln.ops.DType;
import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Views: the transpose puts elements back. */
final class ViewDerivatives {
    private ViewDerivatives() {
    }

    static void define(Rules r) {
        for (String reshaping : new String[] {"view.default", "_unsafe_view.default", "reshape.default",
            "unsqueeze.default", "squeeze.default", "squeeze.dim", "squeeze.dims"}) {
            r.rule(reshaping, b -> b.give(0, () -> b.e().view(b.grad(), b.tensor(0).sizes())));
        }
        r.rule("expand.default", b -> b.give(0, b::grad));
        r.rule("permute.default", b -> b.give(0, () -> b.e().permute(b.grad(), inverse(b))));
        r.rule("transpose.int", b -> b.give(0, () ->
            b.e().call("transpose.int", b.grad(), b.call().arg(1), b.call().arg(2))));
        r.rule("t.default", b -> b.give(0, () -> b.e().unary("t", b.grad())));
        r.rule("flip.default", b -> b.give(0, () -> b.e().call("flip.default", b.grad(), b.call().arg(1))));
        r.rule("slice.Tensor", b -> b.give(0, () -> slice(b)));
        r.rule("select.int", b -> b.give(0, () -> b.e().call("select_backward.default", b.grad(), sizes(b),
            b.call().arg(1), b.call().arg(2))));
        r.rule("diagonal.default", b -> b.give(0, () -> b.e().call("diagonal_backward.default", b.grad(), sizes(b),
            b.call().arg(1), b.call().arg(2), b.call().arg(3))));
        r.rule("unfold.default", b -> b.give(0, () -> unfold(b)));
        r.rule("as_strided.default", b -> b.give(0, () -> strided(b)));
        r.complexRule("view_as_real.default", b -> b.give(0, () ->
            b.e().unary("view_as_complex", b.e().unary("contiguous", b.grad()))));
        r.complexRule("view_as_complex.default", b -> b.give(0, () -> b.e().unary("view_as_real", b.grad())));
    }

    private static Arg sizes(Backward b) {
        return new Arg.Ints(b.tensor(0).sizes());
    }

    private static List<Integer> inverse(Backward b) {
        OpArgs a = b.args();
        int rank = b.tensor(0).rank();
        int[] dims = a.integers(1);
        List<Integer> inverse = new ArrayList<>(Collections.nCopies(rank, 0));
        for (int i = 0; i < rank; i++) {
            inverse.set(a.wrapDim(dims[i], rank), i);
        }
        return inverse;
    }

    private static Arg.Ref slice(Backward b) {
        OpArgs a = b.args();
        SymInt end = a.isNone(3) ? b.tensor(0).size(a.dim(1, b.tensor(0).rank())) : a.size(3);
        return b.e().call("slice_backward.default", b.grad(), sizes(b), a.arg(1),
            a.isNone(2) ? SymInt.ZERO : a.size(2), end, a.arg(4));
    }

    /** Windows are added up where they overlap. */
    private static Arg.Ref unfold(Backward b) {
        Emit e = b.e();
        OpArgs a = b.args();
        FakeTensor self = b.tensor(0);
        if (self.rank() == 0) {
            return e.view(b.grad(), self.sizes());
        }
        int dim = a.dim(1, self.rank());
        SymInt windows = b.call().output(0).size(dim);
        List<Integer> order = new ArrayList<>(IntStream.range(0, self.rank()).boxed().toList());
        order.add(dim + 1, self.rank());
        List<SymInt> lines = new ArrayList<>(self.sizes());
        lines.set(dim, windows.times(a.size(2)));
        Arg.Ref starts = e.mul(e.positions(windows, 0, 2), a.arg(3));
        Arg.Ref places = e.view(e.add(starts, e.positions(a.size(2), 1, 2)), List.of(lines.get(dim)));
        return e.call("index_add.default", e.full(self.sizes(), 0, e.dtype(b.grad())), dim, places,
            e.view(e.unary("contiguous", e.permute(b.grad(), order)), lines));
    }

    /** Through the storage, whose elements both the input and the result are places of. */
    private static Arg.Ref strided(Backward b) {
        Emit e = b.e();
        FakeTensor self = b.tensor(0);
        FakeTensor result = b.call().output(0);
        SymInt extent = extent(self).max(extent(result));
        Arg.Ref storage = e.full(List.of(extent), 0, e.dtype(b.grad()));
        Arg.Ref added = e.call("index_add.default", storage, 0, e.view(places(e, result), List.of(result.numel())),
            e.view(e.unary("contiguous", b.grad()), List.of(result.numel())));
        return e.view(e.call("index_select.default", added, 0, e.view(places(e, self), List.of(self.numel()))),
            self.sizes());
    }

    private static SymInt extent(FakeTensor t) {
        SymInt extent = t.offset().plus(1);
        for (int d = 0; d < t.rank(); d++) {
            extent = extent.plus(t.size(d).plus(-1).times(t.strides().get(d)));
        }
        return extent;
    }

    private static Arg.Ref places(Emit e, FakeTensor t) {
        Arg.Ref places = e.full(t.sizes(), new Arg.Int(t.offset()), DType.I64);
        for (int d = 0; d < t.rank(); d++) {
            places = e.add(places, e.mul(e.positions(t.size(d), d, t.rank()), new Arg.Int(t.strides().get(d))));
        }
        return places;
    }
}
