package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Layers in the forms that exports have them in besides the core ones. */
final class LayerDecompositions {
    private static final String FOUR = "(Tensor, Tensor, Tensor, Tensor)";

    private LayerDecompositions() {
    }

    static void define(Definitions d) {
        d.list("_batch_norm_no_update.default(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, "
            + "Tensor? running_var, float momentum, float eps) -> " + FOUR, (e, a) -> {
            Arg.Ref out = e.call("batch_norm.default", a.arg(0), a.arg(1), a.arg(2), a.arg(3), a.arg(4), false, a.arg(5),
                a.arg(6), false);
            Arg.Ref none = e.full(List.of(SymInt.ZERO), 0, a.tensor(0).dtype());
            return List.of(out, none, none, e.full(List.of(SymInt.ZERO), 0, DType.U8));
        });
        d.op("max_unpool2d.default(Tensor self, Tensor indices, SymInt[2] output_size) -> Tensor",
            (e, a) -> unpooled(e, a, 2));
        d.op("max_unpool3d.default(Tensor self, Tensor indices, SymInt[3] output_size, int[3] stride, int[3] padding) "
            + "-> Tensor", (e, a) -> unpooled(e, a, 3));
        d.op("fake_quantize_per_tensor_affine.default(Tensor self, float scale, int zero_point, int quant_min, "
            + "int quant_max) -> Tensor", (e, a) -> quantized(e, a, e.number(a.real(1), DType.F32),
                e.number(a.arg(2), DType.I64), 3));
        d.op("fake_quantize_per_tensor_affine.tensor_qparams(Tensor self, Tensor scale, Tensor zero_point, "
            + "int quant_min, int quant_max) -> Tensor", (e, a) -> quantized(e, a, e.view(Emit.ref(a, 1), List.of()),
                e.view(Emit.ref(a, 2), List.of()), 3));
        d.op("fake_quantize_per_channel_affine.default(Tensor self, Tensor scale, Tensor zero_point, int axis, "
            + "int quant_min, int quant_max) -> Tensor", (e, a) -> {
            List<SymInt> shape = new ArrayList<>(Collections.nCopies(a.tensor(0).rank(), SymInt.ONE));
            shape.set(a.dim(3, a.tensor(0).rank()), a.tensor(1).numel());
            return quantized(e, a, e.view(Emit.ref(a, 1), shape), e.view(Emit.ref(a, 2), shape), 4);
        });
    }

    /** Each value at the place in its plane that the index names, zeros elsewhere. */
    private static Arg.Ref unpooled(Emit e, OpArgs a, int spatial) {
        FakeTensor self = a.tensor(0);
        int lead = self.rank() - spatial;
        if (lead < 1 || a.sizes(2).size() != spatial) {
            throw a.error("a tensor [.., C, spatial..] and " + spatial + " sizes expected, got " + self);
        }
        List<SymInt> before = self.sizes().subList(0, lead);
        List<SymInt> flat = new ArrayList<>(before);
        flat.add(SymInt.product(self.sizes().subList(lead, self.rank())));
        List<SymInt> plane = new ArrayList<>(before);
        plane.add(SymInt.product(a.sizes(2)));
        List<SymInt> out = new ArrayList<>(before);
        out.addAll(a.sizes(2));
        Arg.Ref written = IndexDecompositions.write(e, e.full(plane, 0, self.dtype()), lead,
            e.view(Emit.ref(a, 1), flat), e.view(Emit.ref(a, 0), flat));
        return e.view(written, out);
    }

    private static Arg.Ref quantized(Emit e, OpArgs a, Arg.Ref scale, Arg.Ref zeroPoint, int low) {
        Arg.Ref x = e.compute(Emit.ref(a, 0));
        Arg.Ref zero = e.cast(zeroPoint, e.dtype(x));
        Arg.Ref steps = e.add(e.unary("round", e.mul(x, e.unary("reciprocal", scale))), zero);
        Arg.Ref kept = e.call("clamp.default", steps, a.arg(low), a.arg(low + 1));
        return e.cast(e.mul(e.sub(kept, zero), scale), a.tensor(0).dtype());
    }
}
