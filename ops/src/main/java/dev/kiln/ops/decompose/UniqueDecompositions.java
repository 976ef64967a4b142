package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Unique elements and slices. Runs of equal neighbours are found by comparing with the one before; what is to be
 * unique as a whole is put in order first. Slices are compared as rows of a matrix.
 */
final class UniqueDecompositions {
    private UniqueDecompositions() {
    }

    static void define(Definitions d) {
        d.list("unique_consecutive.default(Tensor self, bool return_inverse=False, bool return_counts=False, "
            + "int? dim=None) -> (Tensor, Tensor, Tensor)", UniqueDecompositions::consecutive);
        d.list("_unique2.default(Tensor self, bool sorted=True, bool return_inverse=False, "
            + "bool return_counts=False) -> (Tensor, Tensor, Tensor)", UniqueDecompositions::elements);
        d.list("unique_dim.default(Tensor self, int dim, bool sorted=True, bool return_inverse=False, "
            + "bool return_counts=False) -> (Tensor, Tensor, Tensor)", UniqueDecompositions::slices);
        d.list("unique_dim_consecutive.default(Tensor self, int dim, bool return_inverse=False, "
            + "bool return_counts=False) -> (Tensor, Tensor, Tensor)", (e, a) -> {
                int dim = a.dim(1, a.tensor(0).rank());
                Runs runs = runs(e, matrix(e, Emit.ref(a, 0), dim));
                return List.of(select(e, Emit.ref(a, 0), dim, runs.starts), inverse(e, a.bool(2), runs.flags, sizeOf(e,
                    runs.flags)), counts(e, a.bool(3), runs));
            });
    }

    /**
     * Runs of equal neighbours.
     *
     * @param flags where a run begins, a vector of truth values
     * @param starts where each run begins
     */
    private record Runs(Arg.Ref flags, Arg.Ref starts) {
    }

    private static List<Arg.Ref> consecutive(Emit e, OpArgs a) {
        boolean whole = a.isNone(3);
        Arg.Ref self = whole ? DataSizeDecompositions.flat(e, Emit.ref(a, 0)) : Emit.ref(a, 0);
        int dim = whole ? 0 : a.dim(3, e.rank(self));
        Runs runs = runs(e, matrix(e, self, dim));
        List<SymInt> shape = whole ? a.tensor(0).sizes() : sizeOf(e, runs.flags);
        return List.of(select(e, self, dim, runs.starts), inverse(e, a.bool(1), runs.flags, shape),
            counts(e, a.bool(2), runs));
    }

    private static List<Arg.Ref> elements(Emit e, OpArgs a) {
        Arg.Ref self = DataSizeDecompositions.flat(e, Emit.ref(a, 0));
        Arg.Ref order = e.call("argsort.default", self, 0, false);
        Arg.Ref sorted = e.call("index_select.default", self, 0, order);
        return unique(e, sorted, 0, order, a.tensor(0).sizes(), a.bool(2), a.bool(3));
    }

    /** libtorch gives the inverse and the counts whether they are asked for or not. */
    private static List<Arg.Ref> slices(Emit e, OpArgs a) {
        int dim = a.dim(1, a.tensor(0).rank());
        Arg.Ref order = order(e, matrix(e, Emit.ref(a, 0), dim));
        Arg.Ref sorted = select(e, Emit.ref(a, 0), dim, order);
        return unique(e, sorted, dim, order, List.of(a.tensor(0).size(dim)), true, true);
    }

    /** @param order where each slice of {@code sorted} stood */
    private static List<Arg.Ref> unique(Emit e, Arg.Ref sorted, int dim, Arg.Ref order, List<SymInt> shape,
            boolean wantsInverse, boolean wantsCounts) {
        Runs runs = runs(e, matrix(e, sorted, dim));
        Arg.Ref inverse = nothing(e);
        if (wantsInverse) {
            Arg.Ref inOrder = inverse(e, true, runs.flags, sizeOf(e, runs.flags));
            Arg.Ref place = e.call("argsort.default", order, 0, false);
            inverse = e.view(e.call("index_select.default", inOrder, 0, place), shape);
        }
        return List.of(select(e, sorted, dim, runs.starts), inverse, counts(e, wantsCounts, runs));
    }

    /** The slices along a dimension as rows. */
    private static Arg.Ref matrix(Emit e, Arg.Ref self, int dim) {
        Arg.Ref vector = e.atLeastVector(self);
        List<Integer> front = new ArrayList<>(List.of(dim));
        IntStream.range(0, e.rank(vector)).filter(d -> d != dim).forEach(front::add);
        List<SymInt> sizes = e.tensor(vector).sizes();
        SymInt row = SymInt.product(front.subList(1, front.size()).stream().map(sizes::get).toList());
        return e.view(e.permute(vector, front), List.of(sizes.get(dim), row));
    }

    private static Arg.Ref select(Emit e, Arg.Ref self, int dim, Arg.Ref index) {
        return e.call("index_select.default", e.atLeastVector(self), dim, index);
    }

    private static List<SymInt> sizeOf(Emit e, Arg.Ref x) {
        return e.tensor(x).sizes();
    }

    private static Arg.Ref nothing(Emit e) {
        return e.full(List.of(SymInt.ZERO), 0, DType.I64);
    }

    private static Runs runs(Emit e, Arg.Ref rows) {
        SymInt count = e.tensor(rows).size(0);
        Arg.Ref place = e.positions(count, 0, 1);
        Arg.Ref before = e.call("clamp.default", e.sub(place, 1), 0);
        Arg.Ref differs = e.call("any.dims", e.call("ne.Tensor", rows, e.call("index_select.default", rows, 0, before)),
            Arg.ints(1), false);
        Arg.Ref flags = e.call("logical_or.default", e.call("eq.Scalar", place, 0), differs);
        return new Runs(flags, DataSizeDecompositions.compact(e, flags));
    }

    /** The run that each element belongs to. */
    private static Arg.Ref inverse(Emit e, boolean wanted, Arg.Ref flags, List<SymInt> shape) {
        if (!wanted) {
            return nothing(e);
        }
        return e.view(e.sub(e.call("cumsum.default", e.cast(flags, DType.I64), 0), 1), shape);
    }

    /** How long each run is: up to the next start, or to the end. */
    private static Arg.Ref counts(Emit e, boolean wanted, Runs runs) {
        if (!wanted) {
            return nothing(e);
        }
        SymInt count = e.tensor(runs.starts).size(0);
        Arg.Ref isLast = e.call("ge.Scalar", e.positions(count, 0, 1), count.plus(-1));
        Arg.Ref place = e.positions(count, 0, 1);
        Arg.Ref next = e.call("index_select.default", runs.starts, 0, e.where(isLast, place, e.add(place, 1)));
        Arg.Ref end = e.where(isLast, e.number(e.tensor(runs.flags).size(0), DType.I64), next);
        return e.sub(end, runs.starts);
    }

    /** Where each row stands in lexicographic order; equal rows keep their order. */
    private static Arg.Ref order(Emit e, Arg.Ref rows) {
        SymInt count = e.tensor(rows).size(0);
        SymInt width = e.tensor(rows).size(1);
        Arg.Ref mine = e.unsqueeze(rows, 1);
        Arg.Ref other = e.unsqueeze(rows, 0);
        Arg.Ref differs = e.call("ne.Tensor", mine, other);
        Arg.Ref column = e.positions(width, 2, 3);
        Arg.Ref first = e.call("amin.default", e.where(differs, column, e.number(width, DType.I64)), Arg.ints(2), true);
        Arg.Ref atFirst = e.call("logical_and.default", differs, e.call("eq.Tensor", column, first));
        Arg.Ref before = e.call("any.dims", e.call("logical_and.default", atFirst, e.call("lt.Tensor", other, mine)),
            Arg.ints(2), false);
        Arg.Ref same = e.unary("logical_not", e.call("any.dims", differs, Arg.ints(2), false));
        Arg.Ref earlier = e.call("lt.Tensor", e.positions(count, 1, 2), e.positions(count, 0, 2));
        Arg.Ref precedes = e.call("logical_or.default", before, e.call("logical_and.default", same, earlier));
        Arg.Ref rank = e.sum(precedes, Arg.ints(1), false);
        return e.call("argsort.default", rank, 0, false);
    }
}
