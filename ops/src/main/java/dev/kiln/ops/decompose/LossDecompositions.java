package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import java.util.function.BiFunction;

/** Losses that compare element by element. A reduction is 0 (none), 1 (mean) or 2 (sum). */
final class LossDecompositions {
    private static final String REDUCED = ", int reduction=1";

    private LossDecompositions() {
    }

    static void define(Definitions d) {
        pair(d, "mse_loss", "", 2, (e, a) -> squared(e, difference(e, a)));
        pair(d, "l1_loss", "", 2, (e, a) -> e.unary("abs", difference(e, a)));
        pair(d, "smooth_l1_loss", ", float beta=1.0", 2, LossDecompositions::smooth);
        pair(d, "huber_loss", ", float delta=1.0", 2, LossDecompositions::huber);
        pair(d, "soft_margin_loss", "", 2, (e, a) ->
            e.unary("log1p", e.unary("exp", e.unary("neg", e.mul(Emit.ref(a, 0), Emit.ref(a, 1))))));
        pair(d, "kl_div", ", *, bool log_target=False", 2, LossDecompositions::divergence);
        d.op("hinge_embedding_loss.default(Tensor self, Tensor target, float margin=1.0" + REDUCED + ") -> Tensor",
            (e, a) -> reduced(e, hinge(e, a), a.integer(3)));
        d.op("margin_ranking_loss.default(Tensor input1, Tensor input2, Tensor target, float margin=0.0" + REDUCED
            + ") -> Tensor", (e, a) -> reduced(e, ranking(e, a), a.integer(4)));
        d.op("cosine_embedding_loss.default(Tensor input1, Tensor input2, Tensor target, float margin=0.0" + REDUCED
            + ") -> Tensor", (e, a) -> reduced(e, cosine(e, a), a.integer(4)));
        d.op("poisson_nll_loss.default(Tensor input, Tensor target, bool log_input, bool full, float eps, "
            + "int reduction) -> Tensor", (e, a) -> reduced(e, poisson(e, a), a.integer(5)));
        d.op("triplet_margin_loss.default(Tensor anchor, Tensor positive, Tensor negative, float margin=1.0, "
            + "float p=2, float eps=1e-06, bool swap=False" + REDUCED + ") -> Tensor",
            (e, a) -> reduced(e, triplet(e, a), a.integer(7)));
        d.op("binary_cross_entropy.default(Tensor self, Tensor target, Tensor? weight=None" + REDUCED + ") -> Tensor",
            (e, a) -> reduced(e, weighted(e, a, 2, entropy(e, a)), a.integer(3)));
        d.op("binary_cross_entropy_with_logits.default(Tensor self, Tensor target, Tensor? weight=None, "
            + "Tensor? pos_weight=None" + REDUCED + ") -> Tensor",
            (e, a) -> reduced(e, weighted(e, a, 2, entropyOfLogits(e, a)), a.integer(4)));
        ClassLosses.define(d);
    }

    private static void pair(Definitions d, String name, String more, int reduction,
            BiFunction<Emit, OpArgs, Arg.Ref> body) {
        d.op(name + ".default(Tensor self, Tensor target" + REDUCED + more + ") -> Tensor",
            (e, a) -> reduced(e, body.apply(e, a), a.integer(reduction)));
    }

    static Arg.Ref reduced(Emit e, Arg.Ref loss, long reduction) {
        return reduction == 0 ? loss : e.unary(reduction == 1 ? "mean" : "sum", loss);
    }

    private static Arg.Ref difference(Emit e, OpArgs a) {
        return e.sub(Emit.ref(a, 0), Emit.ref(a, 1));
    }

    private static Arg.Ref squared(Emit e, Arg.Ref x) {
        return e.mul(x, x);
    }

    private static Arg.Ref weighted(Emit e, OpArgs a, int weight, Arg.Ref loss) {
        return a.isNone(weight) ? loss : e.mul(loss, Emit.ref(a, weight));
    }

    private static Arg.Ref smooth(Emit e, OpArgs a) {
        Arg.Ref distance = e.unary("abs", difference(e, a));
        double beta = a.real(3);
        if (beta == 0) {
            return distance;
        }
        Arg.Ref near = e.div(e.mul(squared(e, distance), 0.5), beta);
        return e.where(e.call("lt.Scalar", distance, beta), near, e.sub(distance, 0.5 * beta));
    }

    private static Arg.Ref huber(Emit e, OpArgs a) {
        Arg.Ref distance = e.unary("abs", difference(e, a));
        double delta = a.real(3);
        return e.where(e.call("le.Scalar", distance, delta), e.mul(squared(e, distance), 0.5),
            e.mul(e.sub(distance, 0.5 * delta), delta));
    }

    private static Arg.Ref divergence(Emit e, OpArgs a) {
        Arg.Ref target = Emit.ref(a, 1);
        if (a.bool(3)) {
            return e.mul(e.unary("exp", target), e.sub(target, Emit.ref(a, 0)));
        }
        return e.sub(e.call("xlogy.Tensor", target, target), e.mul(target, Emit.ref(a, 0)));
    }

    private static Arg.Ref only(Emit e, Arg.Ref condition, Arg.Ref x) {
        return e.where(condition, x, e.number(0, e.dtype(x)));
    }

    private static Arg.Ref hinge(Emit e, OpArgs a) {
        Arg.Ref self = Emit.ref(a, 0);
        Arg.Ref margin = e.call("clamp_min.default", e.call("rsub.Scalar", self, a.arg(2)), 0);
        return e.add(only(e, e.call("ne.Scalar", a.arg(1), 1), margin), only(e, e.call("ne.Scalar", a.arg(1), -1), self));
    }

    private static Arg.Ref ranking(Emit e, OpArgs a) {
        Arg.Ref product = e.mul(e.unary("neg", Emit.ref(a, 2)), e.sub(Emit.ref(a, 0), Emit.ref(a, 1)));
        return e.call("clamp_min.default", e.add(product, a.arg(3)), 0);
    }

    private static Arg.Ref cosine(Emit e, OpArgs a) {
        Arg last = Arg.ints(e.rank(Emit.ref(a, 2)));
        Arg.Ref product = e.sum(e.mul(Emit.ref(a, 0), Emit.ref(a, 1)), last, false);
        Arg.Ref left = e.add(e.sum(squared(e, Emit.ref(a, 0)), last, false), 1e-12);
        Arg.Ref right = e.add(e.sum(squared(e, Emit.ref(a, 1)), last, false), 1e-12);
        Arg.Ref cosine = e.div(product, e.unary("sqrt", e.mul(left, right)));
        Arg.Ref alike = only(e, e.call("eq.Scalar", a.arg(2), 1), e.call("rsub.Scalar", cosine, 1));
        Arg.Ref apart = only(e, e.call("eq.Scalar", a.arg(2), -1),
            e.call("clamp_min.default", e.sub(cosine, a.arg(3)), 0));
        return e.add(alike, apart);
    }

    private static Arg.Ref poisson(Emit e, OpArgs a) {
        Arg.Ref input = Emit.ref(a, 0);
        Arg.Ref target = Emit.ref(a, 1);
        Arg.Ref loss = a.bool(2) ? e.sub(e.unary("exp", input), e.mul(target, input))
            : e.sub(input, e.mul(target, e.unary("log", e.add(input, a.arg(4)))));
        if (!a.bool(3)) {
            return loss;
        }
        Arg.Ref stirling = e.add(e.sub(e.mul(target, e.unary("log", target)), target),
            e.mul(e.unary("log", e.mul(target, 2 * Math.PI)), 0.5));
        return e.add(loss, only(e, e.call("gt.Scalar", target, 1), stirling));
    }

    private static Arg.Ref triplet(Emit e, OpArgs a) {
        Arg.Ref positive = e.call("pairwise_distance.default", a.arg(0), a.arg(1), a.arg(4), a.arg(5));
        Arg.Ref negative = e.call("pairwise_distance.default", a.arg(0), a.arg(2), a.arg(4), a.arg(5));
        if (a.bool(6)) {
            negative = e.call("minimum.default", negative,
                e.call("pairwise_distance.default", a.arg(1), a.arg(2), a.arg(4), a.arg(5)));
        }
        return e.call("clamp_min.default", e.sub(e.add(positive, a.arg(3)), negative), 0);
    }

    /** Logarithms are cut at -100, as in PyTorch, so that certain answers have finite losses. */
    private static Arg.Ref entropy(Emit e, OpArgs a) {
        Arg.Ref yes = e.call("clamp_min.default", e.unary("log", Emit.ref(a, 0)), -100);
        Arg.Ref no = e.call("clamp_min.default", e.unary("log1p", e.unary("neg", Emit.ref(a, 0))), -100);
        return e.sub(e.mul(e.sub(Emit.ref(a, 1), 1), no), e.mul(Emit.ref(a, 1), yes));
    }

    private static Arg.Ref entropyOfLogits(Emit e, OpArgs a) {
        Arg.Ref x = Emit.ref(a, 0);
        Arg.Ref target = Emit.ref(a, 1);
        Arg.Ref negative = e.unary("neg", x);
        Arg.Ref rest = e.add(e.unary("log1p", e.unary("exp", e.unary("neg", e.unary("abs", x)))),
            e.call("clamp_min.default", negative, 0));
        if (!a.isNone(3)) {
            rest = e.mul(rest, e.add(e.mul(e.sub(Emit.ref(a, 3), 1), target), 1));
        }
        return e.add(e.mul(e.call("rsub.Scalar", target, 1), x), rest);
    }
}
