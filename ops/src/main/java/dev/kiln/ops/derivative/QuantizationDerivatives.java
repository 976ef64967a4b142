package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Quantisation of training: gradients pass as if nothing was rounded, but not where values are cut to the range. */
final class QuantizationDerivatives {
    private QuantizationDerivatives() {
    }

    static void define(Rules r) {
        r.rule("fake_quantize_per_tensor_affine.default", b -> b.give(0, () ->
            inside(b, b.e().number(b.args().real(1), dev.kiln.ops.DType.F32),
                b.e().number(b.call().arg(2), dev.kiln.ops.DType.I64), 3)));
        r.rule("fake_quantize_per_tensor_affine.tensor_qparams", b -> b.give(0, () ->
            inside(b, b.e().view(b.input(1), List.of()), b.e().view(b.input(2), List.of()), 3)));
        r.rule("fake_quantize_per_channel_affine.default", b -> b.give(0, () -> {
            List<SymInt> shape = new ArrayList<>(Collections.nCopies(b.tensor(0).rank(), SymInt.ONE));
            shape.set(b.args().dim(3, b.tensor(0).rank()), b.tensor(1).numel());
            return inside(b, b.e().view(b.input(1), shape), b.e().view(b.input(2), shape), 4);
        }));
    }

    private static Arg.Ref inside(Backward b, Arg.Ref scale, Arg.Ref zeroPoint, int low) {
        Emit e = b.e();
        Arg.Ref x = e.compute(b.input(0));
        Arg.Ref steps = e.add(e.unary("round", e.mul(x, e.unary("reciprocal", scale))), e.cast(zeroPoint, e.dtype(x)));
        return SelectionDerivatives.where(b, e.call("logical_and.default",
            e.call("ge.Scalar", steps, b.call().arg(low)), e.call("le.Scalar", steps, b.call().arg(low + 1))));
    }
}
