package dev.kiln.ops.derivative;

import dev.kiln.ops.DType;
import dev.kiln.ops.decompose.Decompositions;
import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/**
 * Attention without dropout. The probabilities, which are larger than everything else, are computed again from queries
 * and keys, so that nothing but the call's inputs and its result is kept for the gradients (Dao et al., FlashAttention,
 * 2022): with result O, P the probabilities and dP = dO V^T, the scores' gradient is P (dP - rowsum(dO O)).
 */
final class AttentionDerivatives {
    private static final Arg LAST = Arg.ints(-1);

    private final Backward b;
    private final Emit e;
    private final OpArgs a;
    private final Matrices m;

    private AttentionDerivatives(Backward b) {
        this.b = b;
        e = b.e();
        a = b.args();
        m = new Matrices(e);
    }

    static void define(Rules r) {
        r.rule(Decompositions.ATTENTION.substring("aten.".length()), b -> new AttentionDerivatives(b).run());
    }

    private void run() {
        Arg.Ref query = e.compute(b.input(0));
        Arg.Ref key = grouped(e.compute(b.input(1)));
        Arg.Ref value = grouped(e.compute(b.input(2)));
        Arg.Ref grad = e.compute(b.grad());
        Object scale = a.isNone(6) ? 1 / Math.sqrt(Math.max(1, a.shapes().specialize(a.tensor(0).sizes().getLast())))
            : a.real(6);
        Arg.Ref probabilities = probabilities(e.mul(m.product(query, m.adjoint(key)), scale));
        b.give(2, () -> ungrouped(m.product(m.adjoint(probabilities), grad), b.tensor(2)));
        Arg.Ref along = e.sum(e.mul(grad, e.compute(b.output(0))), LAST, true);
        Arg.Ref scores = e.mul(probabilities, e.sub(m.product(grad, m.adjoint(value)), along));
        Arg.Ref scaled = e.mul(scores, scale);
        b.give(0, () -> m.product(scaled, key));
        b.give(1, () -> ungrouped(m.product(m.adjoint(scaled), query), b.tensor(1)));
        b.give(3, () -> scores);
    }

    private Arg.Ref probabilities(Arg.Ref scores) {
        Arg.Ref masked = a.bool(5) ? masked(scores, causal(e.tensor(scores))) : scores;
        if (a.isNone(3)) {
            return e.call("_softmax.default", masked, -1, false);
        }
        masked = masked(masked, b.input(3));
        Arg.Ref empty = e.call("eq.Scalar", e.call("amax.default", masked, LAST, true), Double.NEGATIVE_INFINITY);
        return e.where(empty, e.number(0.0, e.dtype(masked)), e.call("_softmax.default", masked, -1, false));
    }

    private Arg.Ref causal(FakeTensor scores) {
        int rank = scores.rank();
        return e.call("le.Tensor", e.positions(scores.size(rank - 1), 1, 2), e.positions(scores.size(rank - 2), 0, 2));
    }

    private Arg.Ref masked(Arg.Ref scores, Arg.Ref mask) {
        DType dtype = e.dtype(scores);
        return e.dtype(mask) == DType.BOOL ? e.where(mask, scores, e.number(Double.NEGATIVE_INFINITY, dtype))
            : e.add(scores, e.cast(mask, dtype));
    }

    private boolean isGrouped(FakeTensor x) {
        int head = x.rank() - 3;
        return a.bool(7) && head >= 0 && !x.size(head).equals(a.tensor(0).size(head));
    }

    /** With the heads of a group of queries [.., heads, n, size] as [.., heads, queries a head, n, size]. */
    private List<SymInt> byGroup(FakeTensor x) {
        int head = x.rank() - 3;
        List<SymInt> wide = new ArrayList<>(x.sizes());
        wide.add(head + 1, a.tensor(0).size(head).floorDiv(x.size(head)));
        return wide;
    }

    private Arg.Ref grouped(Arg.Ref x) {
        FakeTensor own = e.tensor(x);
        if (!isGrouped(own)) {
            return x;
        }
        List<SymInt> folded = new ArrayList<>(own.sizes());
        folded.set(own.rank() - 3, a.tensor(0).size(own.rank() - 3));
        return e.view(e.expand(e.unsqueeze(x, own.rank() - 2), byGroup(own)), folded);
    }

    private Arg.Ref ungrouped(Arg.Ref gradient, FakeTensor input) {
        if (!isGrouped(input)) {
            return gradient;
        }
        int head = input.rank() - 3;
        List<SymInt> split = new ArrayList<>(e.tensor(gradient).sizes());
        split.set(head, input.size(head));
        split.add(head + 1, a.tensor(0).size(head).floorDiv(input.size(head)));
        return e.sum(e.view(gradient, split), Arg.ints(head + 1), false);
    }
}
