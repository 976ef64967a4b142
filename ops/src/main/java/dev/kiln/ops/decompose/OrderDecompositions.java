package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/**
 * Sorting and running sums by comparing all pairs along the dimension: n * n steps, but nothing that a fused
 * reduction cannot do, and no n * n tensor is ever stored by a compiler that fuses.
 */
final class OrderDecompositions {
    private OrderDecompositions() {
    }

    static void define(Definitions d) {
        d.list("sort.default(Tensor self, int dim=-1, bool descending=False) -> (Tensor, Tensor)",
            (e, a) -> sorted(e, a, Emit.ref(a, 0), 1, a.bool(2)));
        d.list("sort.stable(Tensor self, *, bool? stable, int dim=-1, bool descending=False) -> (Tensor, "
            + "Tensor)",
            (e, a) -> sorted(e, a, Emit.ref(a, 0), 2, a.bool(3)));
        d.op("argsort.default(Tensor self, int dim=-1, bool descending=False) -> Tensor",
            (e, a) -> sorted(e, a, Emit.ref(a, 0), 1, a.bool(2)).get(1));
        d.list("topk.default(Tensor self, SymInt k, int dim=-1, bool largest=True, bool sorted=True) "
            + "-> (Tensor, Tensor)", OrderDecompositions::topk);
        d.op("cumsum.default(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
            (e, a) -> scan(e, a, 0, "sum.dim_IntList"));
        d.op("cumprod.default(Tensor self, int dim, *, ScalarType? dtype=None) -> Tensor",
            (e, a) -> scan(e, a, 1, "prod.dim_int"));
    }

    private static List<Arg.Ref> sorted(Emit e, OpArgs a, Arg.Ref self, int dimPosition, boolean descending) {
        if (e.rank(self) == 0) {
            return List.of(self, e.number(0, DType.I64));
        }
        int dim = a.dim(dimPosition, e.rank(self));
        return ordered(e, self, dim, e.tensor(self).size(dim), descending);
    }

    private static List<Arg.Ref> topk(Emit e, OpArgs a) {
        Arg.Ref self = e.atLeastVector(Emit.ref(a, 0));
        int dim = a.dim(2, e.rank(self));
        SymInt k = a.size(1);
        if (a.shapes().less(e.tensor(self).size(dim), k) || a.shapes().less(k, SymInt.ZERO)) {
            throw a.error("k = " + k + " is out of range for size " + e.tensor(self).size(dim));
        }
        List<Arg.Ref> best = ordered(e, self, dim, k, a.bool(3));
        return a.tensor(0).rank() > 0 ? best : best.stream().map(r -> e.view(r, List.of())).toList();
    }

    /** The first k elements in order, and where they stood; equal elements keep their order. */
    private static List<Arg.Ref> ordered(Emit e, Arg.Ref self, int dim, SymInt k, boolean descending) {
        FakeTensor t = e.tensor(self);
        int wide = t.rank() + 1;
        Arg.Ref mine = e.unsqueeze(self, dim + 1);
        Arg.Ref other = e.unsqueeze(self, dim);
        Arg.Ref before = descending ? less(e, mine, other) : less(e, other, mine);
        Arg.Ref after = descending ? less(e, other, mine) : less(e, mine, other);
        Arg.Ref earlier = e.call("lt.Tensor", e.positions(t.size(dim), dim + 1, wide),
            e.positions(t.size(dim), dim, wide));
        Arg.Ref tied = e.call("logical_and.default", e.unary("logical_not", after), earlier);
        Arg.Ref rank = e.sum(e.call("logical_or.default", before, tied), Arg.ints(dim + 1), false);
        Arg.Ref here = e.call("eq.Tensor", e.unsqueeze(rank, dim), e.positions(k, dim, wide));
        Arg.Ref source = e.where(here, e.positions(t.size(dim), dim + 1, wide), e.number(0, DType.I64));
        Arg.Ref indices = e.sum(source, Arg.ints(dim + 1), false);
        return List.of(e.call("gather.default", self, dim, indices), indices);
    }

    /** x before y in rising order, where NaN stands last. */
    private static Arg.Ref less(Emit e, Arg.Ref x, Arg.Ref y) {
        Arg.Ref less = e.call("lt.Tensor", x, y);
        if (!e.dtype(x).isFloating()) {
            return less;
        }
        Arg.Ref lastIsNan = e.call("logical_and.default", e.unary("isnan", y),
            e.unary("logical_not", e.unary("isnan", x)));
        return e.call("logical_or.default", less, lastIsNan);
    }

    /** Element i folds what stands at most at i. */
    private static Arg.Ref scan(Emit e, OpArgs a, int neutral, String reduction) {
        DType own = a.tensor(0).dtype();
        DType dtype = a.dtype(2).orElse(own.isFloating() ? own : DType.I64);
        Arg.Ref self = e.cast(Emit.ref(a, 0), dtype);
        FakeTensor t = e.tensor(self);
        if (t.rank() == 0) {
            a.dim(1, 0);
            return self;
        }
        int dim = a.dim(1, t.rank());
        Arg.Ref seen = e.call("le.Tensor", e.positions(t.size(dim), dim + 1, t.rank() + 1),
            e.positions(t.size(dim), dim, t.rank() + 1));
        Arg.Ref masked = e.where(seen, e.unsqueeze(self, dim), e.number(neutral, dtype));
        List<Object> args = new ArrayList<>(List.of(masked, neutral == 0 ? Arg.ints(dim + 1)
            : Arg.of(dim + 1)));
        args.addAll(List.of(false, dtype));
        return e.call(reduction, args.toArray());
    }
}
