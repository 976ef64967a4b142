package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** softmax(query key^T scale + mask) value, scores and softmax in f32 for half precisions. */
final class AttentionDecomposition {
    private static final Arg LAST = Arg.ints(-1);

    private AttentionDecomposition() {
    }

    static List<Arg.Ref> apply(GraphBuilder g, OpArgs a) {
        if (a.real(4) != 0) {
            throw new KilnException.Unsupported(a.schema().name()
                + ": dropout is not supported, set dropout_p to 0");
        }
        return withDropout(g, a);
    }

    /** Probabilities are dropped before they meet the values. */
    static List<Arg.Ref> withDropout(GraphBuilder g, OpArgs a) {
        Emit e = new Emit(g);
        FakeTensor query = a.tensor(0);
        int rank = query.rank();
        Arg.Ref key = e.compute(grouped(e, a, Emit.ref(a, 1)));
        Arg.Ref value = grouped(e, a, Emit.ref(a, 2));
        Arg.Ref turned = e.call("transpose.int", key, rank - 2, rank - 1);
        Object scale = a.isNone(6) ? 1 / Math.sqrt(Math.max(1, a.shapes().specialize(query.size(rank - 1)))) : a.real(6);
        Arg.Ref product = ContractionDecompositions.matmul(e, e.compute(Emit.ref(a, 0)), turned);
        Arg.Ref scores = e.mul(product, scale);
        if (a.bool(5)) {
            scores = causal(e, scores);
        }
        if (!a.isNone(3)) {
            scores = masked(e, scores, Emit.ref(a, 3));
        }
        Arg.Ref weights = safeSoftmax(e, scores, !a.isNone(3));
        if (a.real(4) != 0) {
            weights = e.call("native_dropout.default", weights, a.arg(4), true);
        }
        return List.of(ContractionDecompositions.matmul(e, e.cast(weights, query.dtype()), value));
    }

    /** Grouped-query attention: each key (value) head serves several neighbouring query heads. */
    private static Arg.Ref grouped(Emit e, OpArgs a, Arg.Ref x) {
        FakeTensor own = e.tensor(x);
        int head = own.rank() - 3;
        if (!a.bool(7) || head < 0 || own.size(head).equals(a.tensor(0).size(head))) {
            return x;
        }
        SymInt times = a.tensor(0).size(head).floorDiv(own.size(head));
        List<SymInt> wide = new ArrayList<>(own.sizes());
        wide.add(head + 1, times);
        List<SymInt> folded = new ArrayList<>(own.sizes());
        folded.set(head, own.size(head).times(times));
        return e.view(e.expand(e.unsqueeze(x, head + 1), wide), folded);
    }

    /** Key j is seen from query i if j is at most i. */
    private static Arg.Ref causal(Emit e, Arg.Ref scores) {
        FakeTensor t = e.tensor(scores);
        Arg.Ref rows = e.positions(t.size(t.rank() - 2), 0, 2);
        Arg.Ref columns = e.positions(t.size(t.rank() - 1), 1, 2);
        return masked(e, scores, e.call("le.Tensor", columns, rows));
    }

    private static Arg.Ref masked(Emit e, Arg.Ref scores, Arg.Ref mask) {
        DType dtype = e.dtype(scores);
        return e.dtype(mask) == DType.BOOL ? e.where(mask, scores, e.number(Double.NEGATIVE_INFINITY, dtype))
            : e.add(scores, e.cast(mask, dtype));
    }

    private static Arg.Ref safeSoftmax(Emit e, Arg.Ref scores, boolean mayBeEmpty) {
        Arg.Ref weights = e.call("_softmax.default", scores, -1, false);
        if (!mayBeEmpty) {
            return weights;
        }
        Arg.Ref empty = e.call("eq.Scalar", e.call("amax.default", scores, LAST, true),
            Double.NEGATIVE_INFINITY);
        return e.where(empty, e.number(0.0, e.dtype(weights)), weights);
    }
}
