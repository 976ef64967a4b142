package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;

/** Norms of vectors. Where a norm is 0, its gradient is 0 as well. */
final class NormDerivatives {
    private NormDerivatives() {
    }

    static void define(Rules r) {
        r.rule("linalg_vector_norm.default", b -> b.give(0, () -> norm(b, b.args().real(1), 2)));
        r.rule("norm.ScalarOpt_dim", b -> b.give(0, () -> norm(b, b.args().isNone(1) ? 2 : b.args().real(1), 2)));
        r.rule("norm.Scalar", b -> b.give(0, () -> norm(b, b.args().real(1), -1)));
    }

    /** @param dims position of the dimensions; negative for all */
    private static Arg.Ref norm(Backward b, double p, int dims) {
        Emit e = b.e();
        Arg.Ref x = e.cast(b.input(0), e.dtype(b.grad()));
        Arg.Ref norm = dims < 0 ? b.output(0) : ReductionDerivatives.kept(b, b.output(0), dims);
        Arg.Ref grad = dims < 0 ? b.grad() : ReductionDerivatives.kept(b, b.grad(), dims);
        if (p == 0) {
            return e.full(b.tensor(0).sizes(), 0, e.dtype(grad));
        }
        if (p == 1) {
            return e.mul(e.unary("sgn", x), grad);
        }
        if (p == 2) {
            return e.mul(x, zeroAtZero(e, e.div(grad, norm), norm));
        }
        return Double.isInfinite(p) ? extreme(b, x, norm, grad, dims) : power(e, p, x, norm, grad);
    }

    /** Elements that are equally far from 0 share the gradient. */
    private static Arg.Ref extreme(Backward b, Arg.Ref x, Arg.Ref norm, Arg.Ref grad, int dims) {
        Emit e = b.e();
        Arg.Ref extreme = e.cast(e.call("eq.Tensor", e.unary("abs", x), norm), e.dtype(x));
        Arg all = dims < 0 ? new Arg.Ints(java.util.List.of()) : b.call().arg(dims);
        Arg.Ref count = b.tensor(0).rank() == 0 ? extreme : e.sum(extreme, all, dims >= 0);
        return e.mul(e.unary("sgn", x), e.mul(e.div(extreme, count), grad));
    }

    private static Arg.Ref power(Emit e, double p, Arg.Ref x, Arg.Ref norm, Arg.Ref grad) {
        Arg.Ref size = e.unary("abs", x);
        if (p < 1) {
            Arg.Ref slope = zeroAtZero(e, e.mul(e.unary("sgn", x), e.call("pow.Tensor_Scalar", size, p - 1)), x);
            return e.mul(e.mul(slope, grad), e.call("pow.Tensor_Scalar", norm, 1 - p));
        }
        Arg.Ref slope = p < 2 ? e.mul(e.unary("sgn", x), e.call("pow.Tensor_Scalar", size, p - 1))
            : e.mul(x, e.call("pow.Tensor_Scalar", size, p - 2));
        return e.mul(slope, zeroAtZero(e, e.div(grad, e.call("pow.Tensor_Scalar", norm, p - 1)), norm));
    }

    private static Arg.Ref zeroAtZero(Emit e, Arg.Ref x, Arg.Ref where) {
        return e.call("masked_fill.Scalar", x, e.call("eq.Scalar", where, 0), 0);
    }
}
