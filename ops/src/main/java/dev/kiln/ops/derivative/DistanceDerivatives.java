package dev.kiln.ops.derivative;

import dev.kiln.ops.aten.Broadcast;
import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.stream.LongStream;

/** Distances and angles between rows, and rows scaled to a length; nothing passes where a distance is zero. */
final class DistanceDerivatives {
    private DistanceDerivatives() {
    }

    static void define(Rules r) {
        r.rule("_cdist_forward.default", DistanceDerivatives::between);
        r.rule("cosine_similarity.default", DistanceDerivatives::cosine);
        r.ofFirst("_weight_norm_interface.default", DistanceDerivatives::scaled);
    }

    private static Arg.Ref onlyWhere(Emit e, Arg.Ref condition, Arg.Ref x) {
        return e.where(condition, x, e.number(0.0, e.dtype(x)));
    }

    /** Each pair's difference times the distance's slope: sign(d) (|d| / distance)^(p - 1). */
    private static void between(Backward b) {
        Emit e = b.e();
        double p = b.args().real(2);
        Arg.Ref difference = e.sub(e.unsqueeze(b.input(0), -2), e.unsqueeze(b.input(1), -3));
        Arg.Ref distance = e.unsqueeze(b.output(0), -1);
        Arg.Ref size = e.unary("abs", difference);
        Arg.Ref sign = e.unary("sgn", difference);
        Arg.Ref slope = p == 0 ? e.mul(sign, 0.0) : p == 1 ? sign
            : p == 2 ? onlyWhere(e, e.call("ne.Scalar", distance, 0), e.div(difference, distance))
            : Double.isInfinite(p) ? onlyWhere(e, e.call("eq.Tensor", size, distance), sign)
            : onlyWhere(e, e.call("ne.Scalar", difference, 0),
                e.mul(sign, e.call("pow.Tensor_Scalar", e.div(size, distance), p - 1)));
        Arg.Ref gradient = e.mul(slope, e.unsqueeze(b.grad(), -1));
        b.give(0, () -> e.sum(gradient, Arg.ints(-2), false));
        b.give(1, () -> e.unary("neg", e.sum(gradient, Arg.ints(-3), false)));
    }

    /** Norms count as eps at least, but their slope is that of the norm throughout, as in PyTorch. */
    private static void cosine(Backward b) {
        Emit e = b.e();
        Arg dim = new Arg.Ints(List.of(b.args().size(2)));
        List<SymInt> sizes = Broadcast.sizes(e.g().shapes(), b.call().op().name(),
            List.of(b.tensor(0).sizes(), b.tensor(1).sizes()));
        Arg.Ref[] x = {e.expand(b.input(0), sizes), e.expand(b.input(1), sizes)};
        Arg.Ref[] norm = new Arg.Ref[2];
        Arg.Ref[] least = new Arg.Ref[2];
        for (int i = 0; i < 2; i++) {
            norm[i] = e.call("linalg_vector_norm.default", x[i], 2, dim, true);
            least[i] = e.call("clamp_min.default", norm[i], b.call().arg(3));
        }
        Arg.Ref inverse = e.unary("reciprocal", e.mul(least[0], least[1]));
        Arg.Ref cosine = e.mul(e.sum(e.mul(x[0], x[1]), dim, true), inverse);
        Arg.Ref grad = e.unsqueeze(b.grad(), b.args().dim(2, sizes.size()));
        for (int i = 0; i < 2; i++) {
            int own = i;
            b.give(i, () -> {
                Arg.Ref turn = onlyWhere(e, e.call("ne.Scalar", norm[own], 0),
                    e.div(cosine, e.mul(least[own], norm[own])));
                return e.mul(grad, e.sub(e.mul(x[1 - own], inverse), e.mul(x[own], turn)));
            });
        }
    }

    /** v g / |v| with norms over all dimensions but one; the second output is |v|. */
    private static void scaled(Backward b) {
        Emit e = b.e();
        int rank = b.tensor(0).rank();
        int kept = b.args().dim(2, rank);
        Arg others = Arg.ints(LongStream.range(0, rank).filter(d -> d != kept).toArray());
        Arg.Ref norm = b.output(1);
        Arg.Ref along = e.div(e.sum(e.mul(b.grad(), b.input(0)), others, true), norm);
        b.give(0, () -> e.mul(e.sub(b.grad(), e.mul(b.input(0), e.div(along, norm))), e.div(b.input(1), norm)));
        b.give(1, () -> along);
    }
}
