package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Losses of class scores: of shape [C], [N, C] or [N, C, spatial..]; targets are class numbers or probabilities. */
final class ClassLosses {
    private static final String CLASSES = "(Tensor self, Tensor target, Tensor? weight=None, int reduction=1, "
        + "SymInt ignore_index=-100";
    private static final String FORWARD = "(Tensor self, Tensor target, Tensor? weight, int reduction, "
        + "SymInt ignore_index) -> (Tensor, Tensor)";

    private ClassLosses() {
    }

    static void define(Definitions d) {
        for (String name : List.of("nll_loss", "nll_loss2d", "nll_loss_nd")) {
            d.op(name + ".default" + CLASSES + ") -> Tensor", (e, a) -> of(e, a).likelihood(Emit.ref(a, 0)));
        }
        for (String name : List.of("nll_loss_forward", "nll_loss2d_forward")) {
            d.list(name + ".default" + FORWARD, (e, a) -> {
                Loss loss = of(e, a);
                Arg.Ref total = a.integer(3) == 0 ? e.number(0, a.tensor(0).dtype()) : e.unary("sum", loss.weights());
                return List.of(loss.likelihood(Emit.ref(a, 0)), total);
            });
        }
        d.op("cross_entropy_loss.default" + CLASSES + ", float label_smoothing=0.0) -> Tensor", ClassLosses::entropy);
    }

    private static Loss of(Emit e, OpArgs a) {
        int dim = a.tensor(0).rank() < 2 ? 0 : 1;
        Arg.Ref target = Emit.ref(a, 1);
        if (e.rank(target) != a.tensor(0).rank() - 1 || e.dtype(target).isFloating()) {
            throw a.error("scores [N, C, ..] and class numbers [N, ..] expected, got " + a.tensor(0) + " and "
                + a.tensor(1));
        }
        Arg.Ref valid = e.call("ne.Scalar", target, a.arg(4));
        Arg.Ref safe = e.cast(e.where(valid, target, e.number(0, e.dtype(target))), DType.I64);
        return new Loss(e, dim, a.isNone(2) ? null : Emit.ref(a, 2), valid, safe, a.integer(3), a.tensor(0).dtype());
    }

    /** @param safe class numbers with 0 where the target is to be ignored */
    private record Loss(Emit e, int dim, Arg.Ref weight, Arg.Ref valid, Arg.Ref safe, long reduction, DType dtype) {

        /** What each target counts. */
        Arg.Ref weights() {
            Arg.Ref counts = e.cast(valid, dtype);
            if (weight == null) {
                return counts;
            }
            Arg.Ref flat = e.view(safe, List.of(e.tensor(safe).numel()));
            return e.mul(e.view(e.call("index_select.default", weight, 0, flat), e.tensor(safe).sizes()), counts);
        }

        Arg.Ref likelihood(Arg.Ref scores) {
            Arg.Ref picked = e.call("squeeze.dim",
                e.call("gather.default", scores, dim, e.unsqueeze(safe, dim)), dim);
            Arg.Ref weights = weights();
            Arg.Ref loss = e.where(valid, e.unary("neg", e.mul(picked, weights)), e.number(0, dtype));
            return reduction == 1 ? e.div(e.unary("sum", loss), e.unary("sum", weights))
                : LossDecompositions.reduced(e, loss, reduction);
        }

        /** The same for a target of equal parts of all classes, times their number. */
        Arg.Ref even(Arg.Ref scores) {
            Arg.Ref own = weight == null ? scores : e.mul(scores, perClass(e, weight, e.rank(scores), dim));
            Arg.Ref loss = e.where(valid, e.unary("neg", e.sum(own, Arg.ints(dim), false)), e.number(0, dtype));
            return reduction == 1 ? e.div(e.unary("sum", loss), e.unary("sum", weights()))
                : LossDecompositions.reduced(e, loss, reduction);
        }
    }

    private static Arg.Ref perClass(Emit e, Arg.Ref weight, int rank, int dim) {
        List<SymInt> shape = new ArrayList<>(java.util.Collections.nCopies(rank, SymInt.ONE));
        shape.set(dim, e.tensor(weight).numel());
        return e.view(weight, shape);
    }

    private static Arg.Ref entropy(Emit e, OpArgs a) {
        int dim = a.tensor(0).rank() < 2 ? 0 : 1;
        Arg.Ref scores = e.call("log_softmax.int", a.arg(0), dim);
        double smoothing = a.real(5);
        if (a.tensor(1).dtype().isFloating() && a.tensor(1).rank() == a.tensor(0).rank()) {
            return ofProbabilities(e, a, scores, dim, smoothing);
        }
        Arg.Ref sharp = e.call("nll_loss_nd.default", scores, a.arg(1), a.arg(2), a.arg(3), a.arg(4));
        if (smoothing == 0) {
            return sharp;
        }
        Loss loss = of(e, a);
        Arg.Ref classes = e.number(a.tensor(0).size(dim), a.tensor(0).dtype());
        return e.add(e.mul(sharp, 1 - smoothing), e.mul(e.div(loss.even(scores), classes), smoothing));
    }

    private static Arg.Ref ofProbabilities(Emit e, OpArgs a, Arg.Ref scores, int dim, double smoothing) {
        SymInt classes = a.tensor(0).size(dim);
        Arg.Ref target = Emit.ref(a, 1);
        if (smoothing != 0) {
            target = e.add(e.mul(target, 1 - smoothing), e.div(e.number(smoothing, e.dtype(target)), classes));
        }
        Arg.Ref terms = e.mul(scores, target);
        Arg.Ref own = a.isNone(2) ? terms : e.mul(terms, perClass(e, Emit.ref(a, 2), e.rank(terms), dim));
        Arg.Ref loss = e.unary("neg", e.sum(own, Arg.ints(dim), false));
        return a.integer(3) == 1 ? e.div(e.unary("sum", loss), a.tensor(0).numel().floorDiv(classes))
            : LossDecompositions.reduced(e, loss, a.integer(3));
    }
}
