package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Softmax and the norms: layer, RMS, group, batch (inference). Half precisions are computed in f32. */
final class NormalizationDecompositions {
    private static final String BATCH = "(Tensor input, Tensor? weight, Tensor? bias, ";

    private NormalizationDecompositions() {
    }

    static void define(Definitions d) {
        d.known("aten._softmax.default", (e, a) ->
            result(e, a, softmax(e, e.compute(Emit.ref(a, 0)), a.arg(1))));
        d.known("aten._log_softmax.default",
            (e, a) -> result(e, a, logSoftmax(e, e.compute(Emit.ref(a, 0)), a.arg(1))));
        d.op("softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
            (e, a) -> e.call("_softmax.default",
                e.cast(Emit.ref(a, 0), a.dtype(2).orElse(a.tensor(0).dtype())),
                a.arg(1), false));
        d.op("log_softmax.int(Tensor self, int dim, ScalarType? dtype=None) -> Tensor",
            (e, a) -> e.call("_log_softmax.default",
                e.cast(Emit.ref(a, 0), a.dtype(2).orElse(a.tensor(0).dtype())),
                a.arg(1), false));
        d.knownList("aten.native_layer_norm.default", NormalizationDecompositions::layerNorm);
        d.op("layer_norm.default(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, "
            + "Tensor? bias=None, "
            + "float eps=1e-05, bool cudnn_enable=True) -> Tensor",
            (e, a) -> e.call("native_layer_norm.default", a.arg(0), a.arg(1), a.arg(2), a.arg(3), a.arg(4)));
        d.op("rms_norm.default(Tensor input, SymInt[] normalized_shape, Tensor? weight=None, "
            + "float? eps=None) "
            + "-> Tensor", NormalizationDecompositions::rmsNorm);
        d.list("native_group_norm.default(Tensor input, Tensor? weight, Tensor? bias, SymInt N, SymInt C, "
            + "SymInt HxW, int group, float eps) -> (Tensor, Tensor, Tensor)",
            (e, a) -> groupNorm(e, a, 1, 2, a.integer(6), a.real(7)));
        d.op("group_norm.default(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, "
            + "float eps=1e-05, bool cudnn_enabled=True) -> Tensor",
            (e, a) -> groupNorm(e, a, 2, 3, a.integer(1), a.real(4)).getFirst());
        d.list("_native_batch_norm_legit_no_training.default" + BATCH
            + "Tensor running_mean, Tensor running_var, "
            + "float momentum, float eps) -> (Tensor, Tensor, Tensor)", (e, a) -> {
                Arg.Ref none = e.full(List.of(SymInt.ZERO), 0, a.tensor(0).dtype());
                return List.of(batchNorm(e, a, a.real(6)), none, none);
            });
        d.op("batch_norm.default" + BATCH + "Tensor? running_mean, Tensor? running_var, bool training, "
            + "float momentum, float eps, bool cudnn_enabled) -> Tensor", (e, a) -> {
                if (a.bool(5) || a.isNone(3) || a.isNone(4)) {
                    throw new KilnException.Unsupported("aten.batch_norm: "
                        + "only inference with running statistics");
                }
                return batchNorm(e, a, a.real(7));
            });
    }

    private static Arg.Ref result(Emit e, OpArgs a, Arg.Ref computed) {
        return e.cast(computed, a.bool(2) ? DType.F32 : a.tensor(0).dtype());
    }

    private static Arg.Ref shifted(Emit e, Arg.Ref x, Arg dim) {
        return e.sub(x, e.call("amax.default", x, dim, true));
    }

    private static Arg.Ref softmax(Emit e, Arg.Ref x, Arg dim) {
        Arg.Ref exp = e.unary("exp", shifted(e, x, dim));
        return e.div(exp, e.sum(exp, dim, true));
    }

    private static Arg.Ref logSoftmax(Emit e, Arg.Ref x, Arg dim) {
        Arg.Ref shifted = shifted(e, x, dim);
        return e.sub(shifted, e.unary("log", e.sum(e.unary("exp", shifted), dim, true)));
    }

    /** (x - mean) * rsqrt(var + eps) over the dimensions, which stay with size 1; then mean and rsqrt. */
    private static List<Arg.Ref> normalize(Emit e, Arg.Ref x, Arg dims, double eps) {
        Arg.Ref mean = e.mean(x, dims, true);
        Arg.Ref centered = e.sub(x, mean);
        Arg.Ref variance = e.mean(e.mul(centered, centered), dims, true);
        Arg.Ref rstd = e.unary("rsqrt", e.add(variance, eps));
        return List.of(e.mul(centered, rstd), mean, rstd);
    }

    private static Arg.Ref scaleAndShift(Emit e, Arg.Ref x, Arg weight, Arg bias, List<SymInt> shape) {
        Arg.Ref result = x;
        if (weight instanceof Arg.Ref w) {
            result = e.mul(result, e.view(e.cast(w, e.dtype(x)), shape));
        }
        return bias instanceof Arg.Ref b ? e.add(result, e.view(e.cast(b, e.dtype(x)), shape)) : result;
    }

    private static Arg lastDims(OpArgs a) {
        int rank = a.tensor(0).rank();
        int outer = rank - a.sizes(1).size();
        if (outer < 0 || a.sizes(1).isEmpty()) {
            throw a.error("normalized_shape " + a.sizes(1) + " does not fit the input's shape "
                + a.tensor(0).sizes());
        }
        for (int d = outer; d < rank; d++) {
            a.shapes().require(a.tensor(0).size(d), a.sizes(1).get(d - outer), a.schema().name());
        }
        return Arg.ints(IntStream.range(outer, rank).asLongStream().toArray());
    }

    private static List<Arg.Ref> layerNorm(Emit e, OpArgs a) {
        DType dtype = a.tensor(0).dtype();
        List<Arg.Ref> parts = normalize(e, e.compute(Emit.ref(a, 0)), lastDims(a), a.real(4));
        Arg.Ref out = scaleAndShift(e, parts.get(0), a.arg(2), a.arg(3), a.sizes(1));
        return List.of(e.cast(out, dtype), e.cast(parts.get(1), dtype), e.cast(parts.get(2), dtype));
    }

    private static Arg.Ref rmsNorm(Emit e, OpArgs a) {
        DType dtype = a.tensor(0).dtype();
        Arg.Ref x = e.compute(Emit.ref(a, 0));
        double eps = a.isNone(3) ? epsilon(dtype) : a.real(3);
        Arg.Ref power = e.mean(e.mul(x, x), lastDims(a), true);
        Arg.Ref out = e.mul(x, e.unary("rsqrt", e.add(power, eps)));
        return e.cast(scaleAndShift(e, out, a.arg(2), Arg.NONE, a.sizes(1)), dtype);
    }

    private static double epsilon(DType dtype) {
        return switch (dtype) {
            case F64 -> Math.ulp(1.0);
            case F16 -> 0x1p-10;
            case BF16 -> 0x1p-7;
            default -> Math.ulp(1f);
        };
    }

    private static List<Arg.Ref> groupNorm(Emit e, OpArgs a, int weight, int bias, long groups, double eps) {
        FakeTensor self = a.tensor(0);
        SymInt batch = self.size(0);
        SymInt channels = self.size(1);
        if (!channels.isConstant() || groups <= 0 || channels.asLong() % groups != 0) {
            throw a.error(channels + " channels cannot be split into " + groups + " groups");
        }
        List<SymInt> inner = self.sizes().subList(2, self.rank());
        SymInt span = SymInt.product(inner).times(channels.asLong() / groups);
        List<SymInt> grouped = List.of(batch, SymInt.of(groups), span);
        Arg.Ref x = e.view(e.compute(Emit.ref(a, 0)), grouped);
        List<Arg.Ref> parts = normalize(e, x, Arg.ints(2), eps);
        Arg.Ref out = scaleAndShift(e, e.view(parts.get(0), self.sizes()), a.arg(weight), a.arg(bias),
            perChannel(self));
        List<SymInt> statistics = grouped.subList(0, 2);
        return List.of(e.cast(out, self.dtype()), e.cast(e.view(parts.get(1), statistics), self.dtype()),
            e.cast(e.view(parts.get(2), statistics), self.dtype()));
    }

    private static List<SymInt> perChannel(FakeTensor self) {
        List<SymInt> shape = new ArrayList<>(Collections.nCopies(self.rank() - 1, SymInt.ONE));
        shape.set(0, self.size(1));
        return shape;
    }

    /** (x - running_mean) * (rsqrt(running_var + eps) * weight) + bias, per channel. */
    private static Arg.Ref batchNorm(Emit e, OpArgs a, double eps) {
        FakeTensor self = a.tensor(0);
        if (self.rank() < 2) {
            throw a.error("an input with channels expected, got " + self);
        }
        List<SymInt> shape = perChannel(self);
        Arg.Ref x = e.compute(Emit.ref(a, 0));
        DType dtype = e.dtype(x);
        Arg.Ref scale = e.unary("rsqrt", e.add(e.cast(Emit.ref(a, 4), dtype), eps));
        if (a.arg(1) instanceof Arg.Ref weight) {
            scale = e.mul(scale, e.cast(weight, dtype));
        }
        Arg.Ref centered = e.sub(x, e.view(e.cast(Emit.ref(a, 3), dtype), shape));
        Arg.Ref out = scaleAndShift(e, e.mul(centered, e.view(scale, shape)), Arg.NONE, a.arg(2), shape);
        return e.cast(out, self.dtype());
    }
}
