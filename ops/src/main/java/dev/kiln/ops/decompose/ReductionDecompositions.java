package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.TypePromotion;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.TreeSet;

/** Statistics, norms and whole-tensor reductions over the primitive reductions. */
final class ReductionDecompositions {
    private static final Arg ALL = new Arg.Ints(List.of());
    private static final String CORRECTION =
        "int[]? dim=None, *, Scalar? correction=None, bool keepdim=False)";

    private ReductionDecompositions() {
    }

    static void define(Definitions d) {
        d.known("aten.mean.dim", ReductionDecompositions::mean);
        d.known("aten.var.correction", (e, a) -> e.cast(variance(e, a), a.tensor(0).dtype()));
        d.op("std.correction(Tensor self, " + CORRECTION + " -> Tensor",
            (e, a) -> e.cast(e.unary("sqrt", variance(e, a)), a.tensor(0).dtype()));
        d.list("var_mean.correction(Tensor self, " + CORRECTION + " -> (Tensor, Tensor)",
            (e, a) -> List.of(e.cast(variance(e, a), a.tensor(0).dtype()),
                e.mean(Emit.ref(a, 0), a.arg(1), a.bool(3))));
        d.list("std_mean.correction(Tensor self, " + CORRECTION + " -> (Tensor, Tensor)",
            (e, a) -> List.of(e.cast(e.unary("sqrt", variance(e, a)), a.tensor(0).dtype()),
                e.mean(Emit.ref(a, 0), a.arg(1), a.bool(3))));
        d.known("aten.logsumexp.default", ReductionDecompositions::logSumExp);
        d.op("sum.default(Tensor self, *, ScalarType? dtype=None) -> Tensor",
            (e, a) -> e.call("sum.dim_IntList", a.arg(0), ALL, false, a.arg(1)));
        d.op("mean.default(Tensor self, *, ScalarType? dtype=None) -> Tensor",
            (e, a) -> e.call("mean.dim", a.arg(0), ALL, false, a.arg(1)));
        d.op("prod.default(Tensor self, *, ScalarType? dtype=None) -> Tensor",
            (e, a) -> e.call("prod.dim_int", e.view(Emit.ref(a, 0), List.of(a.tensor(0).numel())), 0, false,
                a.arg(1)));
        whole(d, "max", "amax");
        whole(d, "min", "amin");
        for (String name : List.of("any", "all")) {
            d.op(name + ".default(Tensor self) -> Tensor", (e, a) ->
                e.call(name + ".dims", a.arg(0), ALL, false));
            d.op(name + ".dim(Tensor self, int dim, bool keepdim=False) -> Tensor",
                (e, a) -> e.call(name + ".dims", a.arg(0), new Arg.Ints(List.of(a.size(1))), a.arg(2)));
        }
        d.list("aminmax.default(Tensor self, *, int? dim=None, bool keepdim=False) -> (Tensor, Tensor)",
            (e, a) -> {
            Arg dims = a.isNone(1) ? ALL : new Arg.Ints(List.of(a.size(1)));
            return List.of(e.call("amin.default", a.arg(0), dims, a.arg(2)),
                e.call("amax.default", a.arg(0), dims, a.arg(2)));
        });
        d.op("count_nonzero.dim_IntList(Tensor self, int[] dim) -> Tensor",
            (e, a) -> e.sum(e.call("ne.Scalar", a.arg(0), 0), a.arg(1), false));
        d.op("linalg_vector_norm.default(Tensor self, Scalar ord=2, int[]? dim=None, bool keepdim=False, *, "
            + "ScalarType? dtype=None) -> Tensor",
            (e, a) -> norm(e, converted(e, a, 4), a.real(1), a.arg(2), a.bool(3)));
        d.op("norm.ScalarOpt_dim(Tensor self, Scalar? p, int[] dim, bool keepdim=False) -> Tensor",
            (e, a) -> norm(e, Emit.ref(a, 0), a.isNone(1) ? 2 : a.real(1), a.arg(2), a.bool(3)));
        d.op("norm.Scalar(Tensor self, Scalar p=2) -> Tensor",
            (e, a) -> norm(e, Emit.ref(a, 0), a.real(1), ALL, false));
    }

    /** max and min of a whole tensor; along a dimension also the places of the first extremes. */
    private static void whole(Definitions d, String name, String reduction) {
        d.op(name + ".default(Tensor self) -> Tensor", (e, a) ->
            e.call(reduction + ".default", a.arg(0), ALL, false));
        d.list(name + ".dim(Tensor self, int dim, bool keepdim=False) -> (Tensor, Tensor)", (e, a) -> List.of(
            e.call(reduction + ".default", a.arg(0), new Arg.Ints(List.of(a.size(1))), a.arg(2)),
            e.call("arg" + name + ".default", e.dtype(Emit.ref(a, 0)) == DType.BOOL
                ? e.cast(Emit.ref(a, 0), DType.U8) : a.arg(0), a.arg(1), a.arg(2))));
    }

    private static Arg.Ref converted(Emit e, OpArgs a, int dtype) {
        return e.cast(Emit.ref(a, 0), a.dtype(dtype).orElse(a.tensor(0).dtype()));
    }

    private static Arg.Ref mean(Emit e, OpArgs a) {
        Arg.Ref x = converted(e, a, 3);
        DType dtype = e.dtype(x);
        Arg.Ref sum = e.sum(e.compute(x), a.arg(1), a.bool(2));
        return e.cast(e.div(sum, count(e, a, x, a.arg(1))), dtype);
    }

    private static SymInt count(Emit e, OpArgs a, Arg.Ref x, Arg dims) {
        FakeTensor t = e.tensor(x);
        TreeSet<Integer> folded = new TreeSet<>();
        if (dims instanceof Arg.Ints(var listed)) {
            listed.forEach(dim -> folded.add(a.wrapDim(a.shapes().specialize(dim), t.rank())));
        }
        SymInt count = SymInt.ONE;
        for (int d = 0; d < t.rank(); d++) {
            count = folded.isEmpty() || folded.contains(d) ? count.times(t.size(d)) : count;
        }
        return count;
    }

    /** Sum of squared deviations over max(0, count - correction), in the computing dtype. */
    private static Arg.Ref variance(Emit e, OpArgs a) {
        if (!a.tensor(0).dtype().isFloating()) {
            throw a.error("a floating dtype expected, got " + a.tensor(0).dtype());
        }
        Arg.Ref x = e.compute(Emit.ref(a, 0));
        Arg.Ref centered = e.sub(x, e.mean(x, a.arg(1), true));
        Arg.Ref sum = e.sum(e.mul(centered, centered), a.arg(1), a.bool(3));
        SymInt count = count(e, a, x, a.arg(1));
        double correction = a.isNone(2) ? 1 : a.real(2);
        if (correction == Math.rint(correction)) {
            return e.div(sum, count.plus((long) -correction).max(SymInt.ZERO));
        }
        return e.div(sum, Math.max(0, a.shapes().specialize(count) - correction));
    }

    /** The largest element is taken out before the exponentials, unless it is infinite. */
    private static Arg.Ref logSumExp(Emit e, OpArgs a) {
        DType dtype = TypePromotion.toFloating(a.tensor(0).dtype());
        Arg.Ref x = e.compute(e.cast(Emit.ref(a, 0), dtype));
        Arg.Ref top = e.call("amax.default", x, a.arg(1), true);
        Arg.Ref infinite = e.unary("isinf", top);
        Arg.Ref shift = e.where(infinite, e.number(0, e.dtype(x)), top);
        Arg.Ref log = e.unary("log", e.sum(e.unary("exp", e.sub(x, shift)), a.arg(1), a.bool(2)));
        return e.cast(e.add(log, e.view(shift, e.tensor(log).sizes())), dtype);
    }

    private static Arg.Ref norm(Emit e, Arg.Ref self, double order, Arg dims, boolean keep) {
        DType dtype = e.dtype(self);
        Arg.Ref x = e.compute(self);
        if (order == 2) {
            return e.cast(e.unary("sqrt", e.sum(e.mul(x, x), dims, keep)), dtype);
        }
        Arg.Ref abs = e.unary("abs", x);
        Arg.Ref result = order == 1 ? e.sum(abs, dims, keep)
            : order == Double.POSITIVE_INFINITY ? e.call("amax.default", abs, listed(dims), keep)
            : order == Double.NEGATIVE_INFINITY ? e.call("amin.default", abs, listed(dims), keep)
            : order == 0 ? e.cast(e.sum(e.call("ne.Scalar", x, 0), dims, keep), e.dtype(x))
            : e.call("pow.Tensor_Scalar", e.sum(e.call("pow.Tensor_Scalar", abs, order), dims, keep),
                1 / order);
        return e.cast(result, dtype);
    }

    private static Arg listed(Arg dims) {
        return dims instanceof Arg.None ? ALL : dims;
    }
}
