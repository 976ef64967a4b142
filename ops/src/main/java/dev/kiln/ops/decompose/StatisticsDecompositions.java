package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import java.util.List;

/** Variances in their older overloads, and statistics that skip NaN. */
final class StatisticsDecompositions {
    private static final Arg ALL = new Arg.Ints(List.of());

    private StatisticsDecompositions() {
    }

    static void define(Definitions d) {
        for (String name : List.of("var", "std")) {
            d.op(name + ".dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) -> Tensor",
                (e, a) -> e.call(name + ".correction", a.arg(0), a.arg(1), correction(a, 2), a.arg(3)));
            d.op(name + ".default(Tensor self, bool unbiased=True) -> Tensor",
                (e, a) -> e.call(name + ".correction", a.arg(0), ALL, correction(a, 1), false));
            d.list(name + "_mean.dim(Tensor self, int[1]? dim, bool unbiased=True, bool keepdim=False) "
                + "-> (Tensor, Tensor)", (e, a) ->
                both(e.call(name + "_mean.correction", a.arg(0), a.arg(1), correction(a, 2), a.arg(3))));
            d.list(name + "_mean.default(Tensor self, bool unbiased=True) -> (Tensor, Tensor)", (e, a) ->
                both(e.call(name + "_mean.correction", a.arg(0), ALL, correction(a, 1), false)));
        }
        d.op("nansum.default(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
            (e, a) -> e.call("sum.dim_IntList", withoutNan(e, a), a.arg(1), a.arg(2), a.arg(3)));
        d.op("nanmean.default(Tensor self, int[1]? dim=None, bool keepdim=False, *, ScalarType? dtype=None) -> Tensor",
            (e, a) -> {
                Arg.Ref sum = e.call("sum.dim_IntList", withoutNan(e, a), a.arg(1), a.arg(2), a.arg(3));
                Arg.Ref numbers = e.unary("logical_not", e.unary("isnan", Emit.ref(a, 0)));
                return e.div(sum, e.cast(e.sum(numbers, a.arg(1), a.bool(2)), e.dtype(sum)));
            });
    }

    private static int correction(OpArgs a, int position) {
        return a.bool(position) ? 1 : 0;
    }

    private static List<Arg.Ref> both(Arg.Ref first) {
        return List.of(first, new Arg.Ref(first.node(), 1));
    }

    private static Arg.Ref withoutNan(Emit e, OpArgs a) {
        Arg.Ref self = Emit.ref(a, 0);
        return e.where(e.unary("isnan", self), e.number(0, e.dtype(self)), self);
    }
}
