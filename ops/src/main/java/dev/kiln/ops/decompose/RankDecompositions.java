package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Medians and quantiles: elements of a sorted line. NaN sorts last, so the number of numbers is known. */
final class RankDecompositions {
    private static final String QUANTILE = "int? dim=None, bool keepdim=False, *, str interpolation='linear') -> Tensor";

    private RankDecompositions() {
    }

    static void define(Definitions d) {
        for (boolean skips : new boolean[] {false, true}) {
            String prefix = skips ? "nan" : "";
            d.op(prefix + "median.default(Tensor self) -> Tensor", (e, a) -> {
                Arg.Ref flat = e.view(Emit.ref(a, 0), List.of(a.tensor(0).numel()));
                return median(e, flat, 0, skips, false).getFirst();
            });
            d.list(prefix + "median.dim(Tensor self, int dim, bool keepdim=False) -> (Tensor, Tensor)", (e, a) -> {
                if (a.tensor(0).rank() == 0) {
                    return List.of(e.unary("clone", Emit.ref(a, 0)), e.number(0, DType.I64));
                }
                return median(e, Emit.ref(a, 0), a.dim(1, a.tensor(0).rank()), skips, a.bool(2));
            });
            d.op(prefix + "quantile.default(Tensor self, Tensor q, " + QUANTILE,
                (e, a) -> quantile(e, a, Emit.ref(a, 1), skips));
            d.op(prefix + "quantile.scalar(Tensor self, float q, " + QUANTILE,
                (e, a) -> quantile(e, a, e.number(a.arg(1), a.tensor(0).dtype()), skips));
        }
    }

    private static Arg.Ref numbers(Emit e, Arg.Ref x, int dim) {
        return e.call("sum.dim_IntList", e.unary("logical_not", e.unary("isnan", x)), Arg.ints(dim), true);
    }

    /** The lower of two medians and its place. A line with a NaN gives NaN, unless NaNs are skipped. */
    private static List<Arg.Ref> median(Emit e, Arg.Ref x, int dim, boolean skips, boolean keep) {
        SymInt count = e.tensor(x).size(dim);
        Arg.Ref values = e.call("sort.stable", x, true, dim, false);
        Arg.Ref places = new Arg.Ref(values.node(), 1);
        if (count.is(0)) {
            return List.of(e.number(Double.NaN, e.dtype(x)), e.number(0, DType.I64));
        }
        Arg.Ref numbers = numbers(e, x, dim);
        Arg.Ref middle = e.call("floor_divide.Scalar", e.call("clamp_min.default", e.sub(numbers, 1), 0), 2);
        Arg.Ref at = skips ? middle : e.where(e.call("lt.Scalar", numbers, count), numbers, middle);
        return List.of(values, places).stream().map(r -> {
            Arg.Ref one = e.call("gather.default", r, dim, at);
            return keep ? one : e.call("squeeze.dim", one, dim);
        }).toList();
    }

    private static Arg.Ref quantile(Emit e, OpArgs a, Arg.Ref q, boolean skips) {
        if (!a.tensor(0).dtype().isFloating() || e.dtype(q) != a.tensor(0).dtype() || e.rank(q) > 1) {
            throw a.error("a floating tensor and quantiles of its dtype expected, got " + a.tensor(0) + " and "
                + e.tensor(q));
        }
        int rank = a.isNone(2) ? 1 : Math.max(1, a.tensor(0).rank());
        Arg.Ref x = a.isNone(2) ? e.view(Emit.ref(a, 0), List.of(a.tensor(0).numel()))
            : e.atLeastVector(Emit.ref(a, 0));
        int dim = a.isNone(2) ? 0 : a.dim(2, rank);
        Arg.Ref last = e.call("movedim.int", x, dim, rank - 1);
        Arg.Ref numbers = numbers(e, last, rank - 1);
        Arg.Ref sorted = e.call("sort.stable", last, true, rank - 1, false);
        Arg.Ref line = e.view(q, List.of(e.tensor(q).numel()));
        Arg.Ref top = e.cast(e.call("clamp_min.default", e.sub(numbers, 1), 0), e.dtype(x));
        Arg.Ref result = picked(e, a, sorted, e.mul(top, line));
        Arg.Ref count = e.number(e.tensor(last).size(rank - 1), DType.I64);
        Arg.Ref bad = skips ? e.call("eq.Scalar", numbers, 0) : e.call("lt.Tensor", numbers, count);
        Arg.Ref marked = e.where(bad, e.number(Double.NaN, e.dtype(x)), result);
        return shaped(e, a, marked, q, dim);
    }

    /** The element at a rank of each line; between two elements as the mode says. */
    private static Arg.Ref picked(Emit e, OpArgs a, Arg.Ref sorted, Arg.Ref ranks) {
        String mode = a.string(4);
        int dim = e.rank(sorted) - 1;
        Arg.Ref exact = switch (mode) {
            case "lower" -> e.unary("floor", ranks);
            case "higher" -> e.unary("ceil", ranks);
            case "nearest" -> e.unary("round", ranks);
            case "linear", "midpoint" -> ranks;
            default -> throw a.error("interpolation must be linear, lower, higher, midpoint or nearest, is " + mode);
        };
        Arg.Ref floor = e.unary("floor", exact);
        Arg.Ref below = e.call("gather.default", sorted, dim, e.cast(floor, DType.I64));
        if (!mode.equals("linear") && !mode.equals("midpoint")) {
            return below;
        }
        Arg.Ref above = e.call("gather.default", sorted, dim, e.cast(e.unary("ceil", exact), DType.I64));
        return mode.equals("midpoint") ? e.call("lerp.Scalar", below, above, 0.5)
            : e.call("lerp.Tensor", below, above, e.sub(exact, floor));
    }

    /** From [.., quantiles] to the quantiles in front and the dimension kept as told. */
    private static Arg.Ref shaped(Emit e, OpArgs a, Arg.Ref x, Arg.Ref q, int dim) {
        int rank = e.rank(x);
        Arg.Ref front = e.call("movedim.int", x, rank - 1, 0);
        if (a.bool(3)) {
            front = a.isNone(2) ? e.view(front, withUnits(e.tensor(q).numel(), a.tensor(0).rank()))
                : e.unsqueeze(front, a.tensor(0).rank() == 0 ? 1 : dim + 1);
            front = a.tensor(0).rank() == 0 && !a.isNone(2) ? e.call("squeeze.dim", front, 1) : front;
        }
        return e.rank(q) == 0 ? e.call("squeeze.dim", front, 0) : front;
    }

    private static List<SymInt> withUnits(SymInt first, int units) {
        List<SymInt> sizes = new ArrayList<>(List.of(first));
        sizes.addAll(Collections.nCopies(units, SymInt.ONE));
        return sizes;
    }
}
