package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.SliceBounds;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Writing by index, in terms of the scatter along one dimension. */
final class IndexDecompositions {
    private static final String OPTIONAL_SLICE =
        "int dim=0, SymInt? start=None, SymInt? end=None, SymInt step=1)";

    private IndexDecompositions() {
    }

    static void define(Definitions d) {
        AdvancedIndexing.define(d);
        d.op("scatter.value(Tensor self, int dim, Tensor index, Scalar value) -> Tensor", (e, a) ->
            write(e, Emit.ref(a, 0), a.dim(1, a.tensor(0).rank()), Emit.ref(a, 2),
                e.full(a.tensor(2).sizes(), a.arg(3), a.tensor(0).dtype())));
        d.op("scatter_add.default(Tensor self, int dim, Tensor index, Tensor src) -> Tensor",
            (e, a) -> accumulate(e, Emit.ref(a, 0), a.dim(1, a.tensor(0).rank()), Emit.ref(a, 2), Emit.ref(a, 3)));
        d.op("index_add.default(Tensor self, int dim, Tensor index, Tensor source, *, Scalar alpha=1)"
            + " -> Tensor",
            IndexDecompositions::indexAdd);
        d.op("embedding_dense_backward.default(Tensor grad_output, Tensor indices, SymInt num_weights, "
            + "SymInt padding_idx, bool scale_grad_by_freq) -> Tensor",
                IndexDecompositions::embeddingBackward);
        d.op("slice_scatter.default(Tensor self, Tensor src, " + OPTIONAL_SLICE + " -> Tensor",
            IndexDecompositions::sliceScatter);
        d.op("select_scatter.default(Tensor self, Tensor src, int dim, SymInt index) -> Tensor", (e, a) -> {
            int dim = a.dim(2, a.tensor(0).rank());
            SymInt size = a.tensor(0).size(dim);
            SymInt at = a.shapes().less(a.size(3), SymInt.ZERO) ? a.size(3).plus(size) : a.size(3);
            return replaced(e, Emit.ref(a, 0), e.unsqueeze(Emit.ref(a, 1), dim), dim, at);
        });
    }

    /**
     * self with self[.., index[.., j, ..], ..] = source[.., j, ..]; of several that meet, the last one stays.
     */
    static Arg.Ref write(Emit e, Arg.Ref self, int dim, Arg.Ref index, Arg.Ref source) {
        return e.call("scatter.src", self, dim, index, source);
    }

    /** self with every source element added at its place. */
    static Arg.Ref accumulate(Emit e, Arg.Ref self, int dim, Arg.Ref index, Arg.Ref source) {
        return e.call("scatter.reduce", self, dim, index, source, "add");
    }

    private static Arg.Ref indexAdd(Emit e, OpArgs a) {
        Arg.Ref self = e.atLeastVector(Emit.ref(a, 0));
        Arg.Ref source = e.atLeastVector(Emit.ref(a, 3));
        int dim = a.dim(1, e.rank(self));
        List<SymInt> shape = new ArrayList<>(Collections.nCopies(e.rank(self), SymInt.ONE));
        shape.set(dim, a.tensor(2).numel());
        Arg.Ref index = e.expand(e.view(Emit.ref(a, 2), shape), e.tensor(source).sizes());
        Arg.Ref scaled = a.real(4) == 1 ? source
            : e.cast(e.mul(source, a.arg(4)), e.dtype(source));
        return e.view(accumulate(e, self, dim, index, scaled), a.tensor(0).sizes());
    }

    /** Sums the gradients of each row; the padding row gets none. */
    private static Arg.Ref embeddingBackward(Emit e, OpArgs a) {
        FakeTensor grad = a.tensor(0);
        SymInt width = grad.sizes().getLast();
        SymInt count = a.tensor(1).numel();
        Arg.Ref rows = e.view(Emit.ref(a, 0), List.of(count, width));
        Arg.Ref column = e.view(e.cast(Emit.ref(a, 1), DType.I64), List.of(count, SymInt.ONE));
        if (!a.shapes().less(a.size(3), SymInt.ZERO)) {
            Arg.Ref padding = e.call("eq.Scalar", column, a.arg(3));
            rows = e.where(padding, e.number(0, grad.dtype()), rows);
        }
        if (a.bool(4)) {
            Arg.Ref none = e.full(List.of(a.size(2)), 0, DType.I64);
            Arg.Ref uses = accumulate(e, none, 0, e.view(column, List.of(count)), e.full(List.of(count), 1, DType.I64));
            Arg.Ref own = e.unsqueeze(e.call("index_select.default", uses, 0, e.view(column, List.of(count))), 1);
            rows = e.cast(e.div(rows, e.cast(own, grad.dtype())), grad.dtype());
        }
        Arg.Ref zeros = e.full(List.of(a.size(2), width), 0, grad.dtype());
        return accumulate(e, zeros, 0, e.expand(column, List.of(count, width)), rows);
    }

    private static Arg.Ref sliceScatter(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(0);
        int dim = a.dim(2, self.rank());
        SymInt size = self.size(dim);
        SymInt start = SliceBounds.clamp(a.shapes(), a.isNone(3) ? SymInt.ZERO : a.size(3), size);
        long step = a.integer(5);
        FakeTensor part = e.tensor(e.call("slice.Tensor", a.arg(0), dim, a.arg(3), a.arg(4), a.arg(5)));
        for (int d = 0; d < self.rank(); d++) {
            a.shapes().require(part.size(d), a.tensor(1).size(d), "aten.slice_scatter, dimension " + d);
        }
        Arg.Ref source = e.cast(Emit.ref(a, 1), self.dtype());
        if (step == 1 || part.size(dim).is(0)) {
            return part.size(dim).is(0) ? Emit.ref(a, 0) : replaced(e, Emit.ref(a, 0), source, dim, start);
        }
        Arg.Ref from = e.call("sub.Scalar", e.call("arange.start_step", 0, size, 1), start);
        Arg.Ref place = e.call("floor_divide.Scalar", from, step);
        Arg.Ref inside = e.call("logical_and.default",
            e.call("eq.Scalar", e.call("remainder.Scalar", from, step), 0),
            e.call("logical_and.default", e.call("ge.Scalar", from, 0),
                e.call("lt.Scalar", place, part.size(dim))));
        Arg.Ref picked = e.call("index_select.default", source, dim,
            e.call("clamp.default", place, 0, part.size(dim).plus(-1)));
        List<SymInt> shape = new ArrayList<>(Collections.nCopies(self.rank(), SymInt.ONE));
        shape.set(dim, size);
        return e.where(e.view(inside, shape), picked, Emit.ref(a, 0));
    }

    /** self with the source put in at a place of a dimension. */
    private static Arg.Ref replaced(Emit e, Arg.Ref self, Arg.Ref source, int dim, SymInt at) {
        SymInt end = at.plus(e.tensor(source).size(dim));
        return e.cat(List.of(e.slice(self, dim, SymInt.ZERO, at), source,
            e.slice(self, dim, end, e.tensor(self).size(dim))), dim);
    }
}
