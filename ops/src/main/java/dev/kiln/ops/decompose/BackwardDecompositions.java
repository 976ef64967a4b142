package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.stream.IntStream;

/** PyTorch's backward ops that stand in its core set or in exported training graphs. */
final class BackwardDecompositions {
    private BackwardDecompositions() {
    }

    static void define(Definitions d) {
        d.list("native_layer_norm_backward.default(Tensor grad_out, Tensor input, SymInt[] normalized_shape, Tensor mean, "
            + "Tensor rstd, Tensor? weight, Tensor? bias, bool[3] output_mask) -> (Tensor, Tensor, Tensor)",
            BackwardDecompositions::layerNorm);
        d.op("_softmax_backward_data.default(Tensor grad_output, Tensor output, int dim, ScalarType input_dtype) -> Tensor",
            (e, a) -> {
                Arg.Ref product = e.mul(e.compute(Emit.ref(a, 0)), e.compute(Emit.ref(a, 1)));
                Arg.Ref sum = e.sum(product, new Arg.Ints(List.of(a.size(2))), true);
                return e.cast(e.sub(product, e.mul(e.compute(Emit.ref(a, 1)), sum)), a.dtype(3).orElseThrow());
            });
        d.op("_log_softmax_backward_data.default(Tensor grad_output, Tensor output, int dim, ScalarType input_dtype) "
            + "-> Tensor", (e, a) -> {
            Arg.Ref grad = e.compute(Emit.ref(a, 0));
            Arg.Ref sum = e.sum(grad, new Arg.Ints(List.of(a.size(2))), true);
            return e.cast(e.sub(grad, e.mul(e.unary("exp", e.compute(Emit.ref(a, 1))), sum)), a.dtype(3).orElseThrow());
        });
        d.op("threshold_backward.default(Tensor grad_output, Tensor self, Scalar threshold) -> Tensor", (e, a) ->
            e.where(e.call("le.Scalar", a.arg(1), a.arg(2)), e.number(0, a.tensor(0).dtype()), Emit.ref(a, 0)));
        d.op("sigmoid_backward.default(Tensor grad_output, Tensor output) -> Tensor", (e, a) ->
            e.mul(Emit.ref(a, 0), e.mul(e.call("rsub.Scalar", a.arg(1), 1), a.arg(1))));
        d.op("tanh_backward.default(Tensor grad_output, Tensor output) -> Tensor", (e, a) ->
            e.mul(Emit.ref(a, 0), e.call("rsub.Scalar", e.mul(Emit.ref(a, 1), a.arg(1)), 1)));
        d.op("silu_backward.default(Tensor grad_output, Tensor self) -> Tensor", BackwardDecompositions::silu);
        d.op("native_dropout_backward.default(Tensor grad_output, Tensor mask, float scale) -> Tensor", (e, a) ->
            e.mul(e.mul(Emit.ref(a, 0), e.cast(Emit.ref(a, 1), a.tensor(0).dtype())), a.arg(2)));
    }

    private static Arg.Ref silu(Emit e, OpArgs a) {
        Arg.Ref x = e.compute(Emit.ref(a, 1));
        Arg.Ref sigmoid = e.unary("sigmoid", x);
        Arg.Ref slope = e.mul(sigmoid, e.call("add.Scalar", e.mul(x, e.call("rsub.Scalar", sigmoid, 1)), 1));
        return e.cast(e.mul(e.compute(Emit.ref(a, 0)), slope), a.tensor(0).dtype());
    }

    private static List<Arg.Ref> layerNorm(Emit e, OpArgs a) {
        FakeTensor input = a.tensor(1);
        DType dtype = input.dtype();
        int outer = input.rank() - a.sizes(2).size();
        Arg inner = dims(outer, input.rank());
        SymInt count = SymInt.product(a.sizes(2));
        Arg.Ref grad = e.compute(Emit.ref(a, 0));
        Arg.Ref rstd = e.compute(Emit.ref(a, 4));
        Arg.Ref normal = e.mul(e.sub(e.compute(Emit.ref(a, 1)), e.compute(Emit.ref(a, 3))), rstd);
        Arg.Ref scaled = a.isNone(5) ? grad : e.mul(grad, e.compute(Emit.ref(a, 5)));
        Arg.Ref plain = e.div(e.sum(scaled, inner, true), count);
        Arg.Ref along = e.div(e.sum(e.mul(scaled, normal), inner, true), count);
        Arg.Ref result = e.mul(e.sub(e.sub(scaled, plain), e.mul(normal, along)), rstd);
        Arg.Ref weight = outer == 0 ? e.mul(grad, normal) : e.sum(e.mul(grad, normal), dims(0, outer), false);
        Arg.Ref bias = outer == 0 ? grad : e.sum(grad, dims(0, outer), false);
        return List.of(e.cast(result, dtype), e.cast(weight, dtype), e.cast(bias, dtype));
    }

    private static Arg dims(int from, int to) {
        return Arg.ints(IntStream.range(from, to).asLongStream().toArray());
    }
}
