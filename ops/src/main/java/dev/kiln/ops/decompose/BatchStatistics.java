package dev.kiln.ops.decompose;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Batch norm by the batch's own statistics, instance norm, and the gradient of group norm. */
final class BatchStatistics {
    private static final String INPUTS = "(Tensor input, Tensor? weight, Tensor? bias, ";
    private static final String THREE = ") -> (Tensor, Tensor, Tensor)";

    private BatchStatistics() {
    }

    static void define(Definitions d) {
        d.list("_native_batch_norm_legit.default" + INPUTS + "Tensor running_mean, Tensor running_var, bool training, "
            + "float momentum, float eps" + THREE, (e, a) -> running(e, a));
        d.list("native_batch_norm.default" + INPUTS + "Tensor? running_mean, Tensor? running_var, bool training, "
            + "float momentum, float eps" + THREE, (e, a) -> a.isNone(3) || a.isNone(4)
                ? own(e, a, a.real(7)).subList(0, 3) : running(e, a));
        d.list("_native_batch_norm_legit.no_stats" + INPUTS + "bool training, float momentum, float eps" + THREE,
            (e, a) -> own(e, a, a.real(5)).subList(0, 3));
        d.list("_native_batch_norm_legit_functional.default" + INPUTS + "Tensor running_mean, Tensor running_var, "
            + "bool training, float momentum, float eps) -> (Tensor, Tensor, Tensor, Tensor, Tensor)",
            BatchStatistics::functional);
        d.op("instance_norm.default" + INPUTS + "Tensor? running_mean, Tensor? running_var, bool use_input_stats, "
            + "float momentum, float eps, bool cudnn_enabled) -> Tensor", BatchStatistics::instanceNorm);
        d.list("native_group_norm_backward.default(Tensor grad_out, Tensor input, Tensor mean, Tensor rstd, "
            + "Tensor? weight, SymInt N, SymInt C, SymInt HxW, int group, bool[3] output_mask" + THREE,
            BatchStatistics::groupNormBackward);
    }

    private static List<Arg.Ref> running(Emit e, OpArgs a) {
        if (a.bool(5)) {
            throw new KilnException.Unsupported(a.schema().name() + ": training updates the running statistics in "
                + "place; export the functional form, or for inference");
        }
        Arg.Ref result = e.call("_native_batch_norm_legit_no_training.default", a.arg(0), a.arg(1), a.arg(2), a.arg(3),
            a.arg(4), a.arg(6), a.arg(7));
        return List.of(result, new Arg.Ref(result.node(), 1), new Arg.Ref(result.node(), 2));
    }

    private static List<SymInt> perChannel(FakeTensor x) {
        List<SymInt> shape = new ArrayList<>(Collections.nCopies(x.rank(), SymInt.ONE));
        shape.set(1, x.size(1));
        return shape;
    }

    private static Arg.Ref scaled(Emit e, Arg.Ref x, Arg weight, Arg bias) {
        List<SymInt> shape = perChannel(e.tensor(x));
        Arg.Ref result = weight instanceof Arg.Ref w ? e.mul(x, e.view(e.cast(w, e.dtype(x)), shape)) : x;
        return bias instanceof Arg.Ref b ? e.add(result, e.view(e.cast(b, e.dtype(x)), shape)) : result;
    }

    /** By the batch's own statistics: result, mean, inverse deviation; and variance and mean in full precision. */
    private static List<Arg.Ref> own(Emit e, OpArgs a, double eps) {
        FakeTensor self = a.tensor(0);
        if (self.rank() < 2) {
            throw a.error("an input with channels expected, got " + self);
        }
        Arg dims = Arg.ints(IntStream.range(0, self.rank()).filter(d -> d != 1).asLongStream().toArray());
        Arg.Ref x = e.compute(Emit.ref(a, 0));
        Arg.Ref mean = e.mean(x, dims, true);
        Arg.Ref centered = e.sub(x, mean);
        Arg.Ref variance = e.mean(e.mul(centered, centered), dims, true);
        Arg.Ref inverse = e.unary("rsqrt", e.add(variance, eps));
        Arg.Ref result = scaled(e, e.mul(centered, inverse), a.arg(1), a.arg(2));
        List<SymInt> channels = List.of(self.size(1));
        return List.of(e.cast(result, self.dtype()), e.cast(e.view(mean, channels), self.dtype()),
            e.cast(e.view(inverse, channels), self.dtype()), e.view(variance, channels), e.view(mean, channels));
    }

    private static List<Arg.Ref> functional(Emit e, OpArgs a) {
        if (!a.bool(5)) {
            List<Arg.Ref> three = new ArrayList<>(running(e, a));
            three.addAll(List.of(Emit.ref(a, 3), Emit.ref(a, 4)));
            return three;
        }
        List<Arg.Ref> own = own(e, a, a.real(7));
        FakeTensor self = a.tensor(0);
        SymInt count = self.numel().floorDiv(self.size(1));
        Arg.Ref unbiased = e.div(e.mul(own.get(3), count), count.plus(-1));
        return List.of(own.get(0), own.get(1), own.get(2), moved(e, Emit.ref(a, 3), own.get(4), a.real(6)),
            moved(e, Emit.ref(a, 4), unbiased, a.real(6)));
    }

    private static Arg.Ref moved(Emit e, Arg.Ref running, Arg.Ref now, double momentum) {
        Arg.Ref old = e.mul(e.compute(running), 1 - momentum);
        return e.cast(e.add(old, e.mul(now, momentum)), e.dtype(running));
    }

    private static Arg.Ref instanceNorm(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(0);
        if (!a.bool(5)) {
            return e.call("batch_norm.default", a.arg(0), a.arg(1), a.arg(2), a.arg(3), a.arg(4), false, a.arg(6),
                a.arg(7), false);
        }
        if (!a.isNone(3) || !a.isNone(4)) {
            throw new KilnException.Unsupported("aten.instance_norm: running statistics are not updated in place");
        }
        Arg dims = Arg.ints(IntStream.range(2, self.rank()).asLongStream().toArray());
        Arg.Ref x = e.compute(Emit.ref(a, 0));
        Arg.Ref centered = e.sub(x, e.mean(x, dims, true));
        Arg.Ref variance = e.mean(e.mul(centered, centered), dims, true);
        Arg.Ref normal = e.mul(centered, e.unary("rsqrt", e.add(variance, a.real(7))));
        return e.cast(scaled(e, normal, a.arg(1), a.arg(2)), self.dtype());
    }

    /** With y = gradient times weight and z the normalised input: rstd (y - mean(y) - z mean(y z)), a group each. */
    private static List<Arg.Ref> groupNormBackward(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(1);
        SymInt groups = SymInt.of(a.integer(8));
        List<SymInt> split = List.of(a.size(5), groups, a.size(6).floorDiv(groups), a.size(7));
        List<SymInt> statistics = List.of(a.size(5), groups, SymInt.ONE, SymInt.ONE);
        Arg.Ref grad = e.view(e.compute(Emit.ref(a, 0)), split);
        Arg.Ref centered = e.sub(e.view(e.compute(Emit.ref(a, 1)), split),
            e.view(e.compute(Emit.ref(a, 2)), statistics));
        Arg.Ref rstd = e.view(e.compute(Emit.ref(a, 3)), statistics);
        Arg.Ref normal = e.mul(centered, rstd);
        Arg.Ref y = a.arg(4) instanceof Arg.Ref weight ? e.mul(grad, e.view(e.compute(weight),
            List.of(SymInt.ONE, groups, a.size(6).floorDiv(groups), SymInt.ONE))) : grad;
        Arg group = Arg.ints(2, 3);
        Arg.Ref inner = e.sub(e.sub(y, e.mean(y, group, true)), e.mul(normal, e.mean(e.mul(y, normal), group, true)));
        Arg channel = Arg.ints(0, 3);
        List<SymInt> channels = List.of(a.size(6));
        List<Boolean> mask = ((Arg.Bools) a.arg(9)).values();
        Arg.Ref none = e.full(List.of(SymInt.ZERO), 0, self.dtype());
        return List.of(
            mask.get(0) ? e.cast(e.view(e.mul(inner, rstd), self.sizes()), self.dtype()) : none,
            mask.get(1) ? e.cast(e.view(e.sum(e.mul(grad, normal), channel, false), channels), self.dtype()) : none,
            mask.get(2) ? e.cast(e.view(e.sum(grad, channel, false), channels), self.dtype()) : none);
    }
}
