package dev.kiln.ops.derivative;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** Losses whose decomposition has kinks that the loss has not, or would scatter what is a comparison. */
final class LossDerivatives {
    private static final int MEAN = 1;

    private LossDerivatives() {
    }

    static void define(Rules r) {
        for (String name : List.of("nll_loss", "nll_loss2d", "nll_loss_nd", "nll_loss_forward", "nll_loss2d_forward")) {
            r.ofFirst(name + ".default", LossDerivatives::likelihood);
        }
        r.rule("mse_loss.default", b -> {
            Emit e = b.e();
            Arg.Ref slope = e.mul(averaged(b, 2, e.sub(b.input(0), b.input(1))), 2.0);
            Arg.Ref gradient = e.mul(slope, b.grad());
            b.give(0, () -> gradient);
            b.give(1, () -> e.unary("neg", gradient));
        });
        r.rule("smooth_l1_loss.default", b -> {
            b.give(0, () -> smooth(b, b.input(0), b.input(1)));
            b.give(1, () -> smooth(b, b.input(1), b.input(0)));
        });
        r.rule("binary_cross_entropy.default", LossDerivatives::entropy);
        r.rule("binary_cross_entropy_with_logits.default", LossDerivatives::entropyOfLogits);
    }

    private static void refuse(Backward b, int position) {
        if (b.wants(position)) {
            throw new KilnException.Unsupported("the derivative of " + b.call().op() + " with respect to "
                + b.call().op().schema().parameters().get(position).name() + " is not supported");
        }
    }

    /** Divided by the number of elements if the loss is their mean. */
    private static Arg.Ref averaged(Backward b, int reduction, Arg.Ref x) {
        return b.args().integer(reduction) == MEAN ? b.e().div(x, b.e().tensor(x).numel()) : x;
    }

    /** Of one of both; without a smooth part, equal elements have PyTorch's slope, which is -1 for either. */
    private static Arg.Ref smooth(Backward b, Arg.Ref own, Arg.Ref other) {
        Emit e = b.e();
        double beta = b.args().real(3);
        Arg.Ref x = e.sub(own, other);
        Arg.Ref above = e.where(e.call("ge.Scalar", x, beta), e.number(1, e.dtype(x)), e.div(x, beta));
        Arg.Ref slope = e.where(e.call("le.Scalar", x, -beta), e.number(-1, e.dtype(x)), above);
        return e.mul(averaged(b, 2, slope), b.grad());
    }

    /** Of the scores [N, C, ..]: minus the weight of the target at the target's class, zeros elsewhere. */
    private static void likelihood(Backward b) {
        refuse(b, 2);
        Emit e = b.e();
        int dim = b.tensor(0).rank() < 2 ? 0 : 1;
        Arg.Ref target = b.input(1);
        Arg.Ref valid = e.call("ne.Scalar", target, b.call().arg(4));
        b.give(0, () -> {
            DType dtype = b.tensor(0).dtype();
            Arg.Ref counts = weights(b, valid);
            Arg.Ref share = e.unary("neg", b.grad());
            share = b.args().isNone(2) ? share : e.mul(share, counts);
            if (b.args().integer(3) == MEAN) {
                share = e.div(share, e.unary("sum", counts));
            }
            Arg.Ref own = e.where(valid, share, e.number(0, dtype));
            Arg.Ref classes = e.positions(b.tensor(0).size(dim), dim, b.tensor(0).rank());
            Arg.Ref hit = e.call("eq.Tensor", e.unsqueeze(target, dim), classes);
            return e.where(hit, e.unsqueeze(own, dim), e.number(0, dtype));
        });
    }

    /** What each target counts: 0 where it is to be ignored. */
    private static Arg.Ref weights(Backward b, Arg.Ref valid) {
        Emit e = b.e();
        Arg.Ref counts = e.cast(valid, b.tensor(0).dtype());
        if (b.args().isNone(2)) {
            return counts;
        }
        List<SymInt> sizes = e.tensor(valid).sizes();
        Arg.Ref safe = e.cast(e.where(valid, b.input(1), e.number(0, e.dtype(b.input(1)))), DType.I64);
        Arg.Ref picked = e.call("index_select.default", b.input(2), 0, e.view(safe, List.of(e.tensor(safe).numel())));
        return e.mul(e.view(picked, sizes), counts);
    }

    private static Arg.Ref weighted(Backward b, Arg.Ref x) {
        return b.args().isNone(2) ? x : b.e().mul(x, b.input(2));
    }

    private static void entropy(Backward b) {
        refuse(b, 2);
        Emit e = b.e();
        Arg.Ref x = b.input(0);
        b.give(0, () -> {
            Arg.Ref spread = e.call("clamp_min.default", e.mul(e.call("rsub.Scalar", x, 1), x), 1e-12);
            Arg.Ref slope = e.div(e.sub(x, b.input(1)), spread);
            return e.mul(averaged(b, 3, weighted(b, slope)), b.grad());
        });
        b.give(1, () -> {
            Arg.Ref slope = e.sub(e.unary("log", e.call("rsub.Scalar", x, 1)), e.unary("log", x));
            return e.mul(averaged(b, 3, weighted(b, slope)), b.grad());
        });
    }

    private static void entropyOfLogits(Backward b) {
        refuse(b, 2);
        refuse(b, 3);
        Emit e = b.e();
        Arg.Ref x = b.input(0);
        Arg.Ref target = b.input(1);
        boolean even = b.args().isNone(3);
        b.give(0, () -> {
            Arg.Ref sigmoid = e.unary("sigmoid", x);
            Arg.Ref sure = even ? target : e.mul(target, b.input(3));
            Arg.Ref all = even ? sigmoid : e.mul(e.sub(e.add(sure, 1), target), sigmoid);
            return e.mul(averaged(b, 4, weighted(b, e.sub(all, sure))), b.grad());
        });
        b.give(1, () -> {
            Arg.Ref slope = even ? e.unary("neg", x) : e.sub(e.unary("log_sigmoid", e.unary("neg", x)),
                e.mul(e.unary("log_sigmoid", x), b.input(3)));
            return e.mul(averaged(b, 4, weighted(b, slope)), b.grad());
        });
    }
}
