package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** PyTorch's backward ops of activations, of the mean squared error, and of slices. */
final class ActivationBackward {
    private ActivationBackward() {
    }

    static void define(Definitions d) {
        d.op("hardtanh_backward.default(Tensor grad_output, Tensor self, Scalar min_val, Scalar max_val) -> Tensor",
            (e, a) -> kept(e, a, e.call("logical_not.default", e.call("logical_or.default",
                e.call("le.Scalar", a.arg(1), a.arg(2)), e.call("ge.Scalar", a.arg(1), a.arg(3))))));
        d.op("hardsigmoid_backward.default(Tensor grad_output, Tensor self) -> Tensor", (e, a) -> {
            Arg.Ref inside = e.call("logical_and.default", e.call("gt.Scalar", a.arg(1), -3),
                e.call("lt.Scalar", a.arg(1), 3));
            return e.where(inside, e.mul(Emit.ref(a, 0), (double) (1 / 6f)), e.number(0, a.tensor(0).dtype()));
        });
        d.op("hardswish_backward.default(Tensor grad_output, Tensor self) -> Tensor", ActivationBackward::hardSwish);
        d.op("leaky_relu_backward.default(Tensor grad_output, Tensor self, Scalar negative_slope, "
            + "bool self_is_result) -> Tensor", (e, a) -> e.where(e.call("gt.Scalar", a.arg(1), 0), Emit.ref(a, 0),
                e.mul(Emit.ref(a, 0), a.arg(2))));
        d.op("elu_backward.default(Tensor grad_output, Scalar alpha, Scalar scale, Scalar input_scale, bool is_result, "
            + "Tensor self_or_result) -> Tensor", ActivationBackward::elu);
        d.op("softplus_backward.default(Tensor grad_output, Tensor self, Scalar beta, Scalar threshold) -> Tensor",
            (e, a) -> {
                Arg.Ref grad = e.compute(Emit.ref(a, 0));
                Arg.Ref scaled = e.mul(e.compute(Emit.ref(a, 1)), a.arg(2));
                Arg.Ref soft = e.mul(grad, e.unary("sigmoid", scaled));
                return e.cast(e.where(e.call("gt.Scalar", scaled, a.arg(3)), grad, soft), a.tensor(0).dtype());
            });
        d.op("gelu_backward.default(Tensor grad_output, Tensor self, *, str approximate=\"none\") -> Tensor",
            ActivationBackward::gelu);
        d.op("mse_loss_backward.default(Tensor grad_output, Tensor self, Tensor target, int reduction) -> Tensor",
            (e, a) -> {
                Arg.Ref slope = e.mul(e.sub(Emit.ref(a, 1), Emit.ref(a, 2)), 2.0);
                Arg.Ref result = e.mul(slope, Emit.ref(a, 0));
                return a.integer(3) == 1 ? e.div(result, a.tensor(1).numel()) : result;
            });
        d.op("slice_backward.default(Tensor grad_output, SymInt[] input_sizes, int dim, SymInt start, SymInt end, "
            + "SymInt step) -> Tensor", (e, a) -> e.call("slice_scatter.default", zeros(e, a), a.arg(0), a.arg(2),
                a.arg(3), a.arg(4), a.arg(5)));
        d.op("select_backward.default(Tensor grad_output, SymInt[] input_sizes, int dim, SymInt index) -> Tensor",
            (e, a) -> e.call("select_scatter.default", zeros(e, a), a.arg(0), a.arg(2), a.arg(3)));
        d.op("diagonal_backward.default(Tensor grad_output, SymInt[] input_sizes, int offset, int dim1, int dim2) "
            + "-> Tensor", (e, a) -> e.call("diagonal_scatter.default", zeros(e, a), a.arg(0), a.arg(2), a.arg(3),
                a.arg(4)));
        d.op("glu_backward.default(Tensor grad_output, Tensor self, int dim) -> Tensor", ActivationBackward::glu);
    }

    private static Arg.Ref zeros(Emit e, OpArgs a) {
        return e.full(a.sizes(1), 0, a.tensor(0).dtype());
    }

    private static Arg.Ref kept(Emit e, OpArgs a, Arg.Ref condition) {
        return e.where(condition, Emit.ref(a, 0), e.number(0, a.tensor(0).dtype()));
    }

    private static Arg.Ref hardSwish(Emit e, OpArgs a) {
        Arg.Ref grad = e.compute(Emit.ref(a, 0));
        Arg.Ref x = e.compute(Emit.ref(a, 1));
        Arg.Ref middle = e.mul(grad, e.add(e.div(x, 3.0), 0.5));
        Arg.Ref above = e.where(e.call("lt.Scalar", x, 3), middle, grad);
        return e.cast(e.where(e.call("le.Scalar", x, -3), e.number(0, e.dtype(grad)), above), a.tensor(0).dtype());
    }

    private static Arg.Ref elu(Emit e, OpArgs a) {
        Arg.Ref grad = e.compute(Emit.ref(a, 0));
        Arg.Ref x = e.compute(Emit.ref(a, 5));
        double negative = a.real(1) * a.real(2);
        Arg.Ref slope = a.bool(4) ? e.mul(e.add(x, negative), a.real(3))
            : e.mul(e.unary("exp", e.mul(x, a.real(3))), a.real(3) * negative);
        Arg.Ref result = e.where(e.call("le.Scalar", x, 0), e.mul(grad, slope), e.mul(grad, a.real(2)));
        return e.cast(result, a.tensor(0).dtype());
    }

    private static Arg.Ref gelu(Emit e, OpArgs a) {
        Arg.Ref grad = e.compute(Emit.ref(a, 0));
        Arg.Ref x = e.compute(Emit.ref(a, 1));
        Arg.Ref slope;
        if (a.string(2).equals("tanh")) {
            double beta = Math.sqrt(2 / Math.PI);
            Arg.Ref square = e.mul(x, x);
            Arg.Ref tanh = e.unary("tanh", e.mul(e.mul(x, e.add(e.mul(square, 0.044715), 1.0)), beta));
            Arg.Ref inner = e.mul(e.add(e.mul(square, 3 * 0.044715), 1.0), beta);
            Arg.Ref right = e.mul(e.mul(x, 0.5), e.mul(e.call("rsub.Scalar", e.mul(tanh, tanh), 1.0), inner));
            slope = e.add(e.mul(e.add(tanh, 1.0), 0.5), right);
        } else {
            Arg.Ref cdf = e.mul(e.add(e.unary("erf", e.mul(x, Math.sqrt(0.5))), 1.0), 0.5);
            Arg.Ref pdf = e.mul(e.unary("exp", e.mul(e.mul(x, x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
            slope = e.add(cdf, e.mul(x, pdf));
        }
        return e.cast(e.mul(grad, slope), a.tensor(0).dtype());
    }

    private static Arg.Ref glu(Emit e, OpArgs a) {
        int dim = a.dim(2, a.tensor(1).rank());
        SymInt half = a.tensor(1).size(dim).floorDiv(SymInt.of(2));
        DType dtype = a.tensor(0).dtype();
        Arg.Ref self = e.compute(Emit.ref(a, 1));
        Arg.Ref grad = e.compute(Emit.ref(a, 0));
        Arg.Ref gate = e.unary("sigmoid", e.slice(self, dim, half, half.times(2)));
        Arg.Ref first = e.mul(gate, grad);
        Arg.Ref second = e.mul(e.mul(e.call("rsub.Scalar", gate, 1.0), first), e.slice(self, dim, SymInt.ZERO, half));
        return e.cast(e.cat(new ArrayList<>(List.of(first, second)), dim), dtype);
    }
}
