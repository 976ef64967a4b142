package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Softmax, layer norm, and batch norm by the batch's own statistics; gradients of the statistics are not passed on. */
final class NormalizationDerivatives {
    private NormalizationDerivatives() {
    }

    static void define(Rules r) {
        for (String name : List.of("_softmax", "_log_softmax")) {
            r.rule(name + ".default", b -> b.give(0, () -> b.e().call(name + "_backward_data.default", b.grad(),
                b.output(0), b.call().arg(1), b.tensor(0).dtype())));
        }
        r.ofFirst("native_layer_norm.default", NormalizationDerivatives::layerNorm);
        r.rule("native_group_norm.default", NormalizationDerivatives::groupNorm);
        r.ofFirst("_native_batch_norm_legit_functional.default", b -> batchNorm(b, b.args().bool(5), 3, b.args().real(7)));
        r.ofFirst("native_batch_norm.default", b -> batchNorm(b, b.args().bool(5) || b.args().isNone(3)
            || b.args().isNone(4), 3, b.args().real(7)));
        r.ofFirst("_native_batch_norm_legit.default", b -> batchNorm(b, b.args().bool(5), 3, b.args().real(7)));
        r.ofFirst("_native_batch_norm_legit.no_stats", b -> batchNorm(b, true, -1, b.args().real(5)));
        r.ofFirst("_native_batch_norm_legit_no_training.default", b -> batchNorm(b, false, 3, b.args().real(6)));
    }

    private static List<Boolean> mask(Backward b, int... positions) {
        return IntStream.of(positions).mapToObj(b::wants).toList();
    }

    private static void layerNorm(Backward b) {
        Emit e = b.e();
        List<Arg.Ref> statistics = List.of(b.output(1), b.output(2));
        if (b.tensor(0).dtype().isReduced()) {
            int rank = b.tensor(0).rank();
            int outer = rank - b.args().sizes(1).size();
            statistics = statistics(e, b.input(0), IntStream.range(outer, rank), b.args().real(4));
        }
        Arg.Ref all = e.call("native_layer_norm_backward.default", b.grad(), b.input(0), b.call().arg(1),
            statistics.get(0), statistics.get(1), b.call().arg(2), b.call().arg(3), mask(b, 0, 2, 3));
        b.give(0, () -> all);
        b.give(2, () -> new Arg.Ref(all.node(), 1));
        b.give(3, () -> new Arg.Ref(all.node(), 2));
    }

    /** Mean and inverse deviation in full precision: of half precisions the forward call gives rounded ones. */
    private static List<Arg.Ref> statistics(Emit e, Arg.Ref input, IntStream dims, double eps) {
        Arg over = Arg.ints(dims.asLongStream().toArray());
        Arg.Ref x = e.compute(input);
        Arg.Ref mean = e.mean(x, over, true);
        Arg.Ref centered = e.sub(x, mean);
        return List.of(mean, e.unary("rsqrt", e.add(e.mean(e.mul(centered, centered), over, true), eps)));
    }

    private static void groupNorm(Backward b) {
        Emit e = b.e();
        Arg.Ref all = e.call("native_group_norm_backward.default", b.grad(), b.input(0), b.output(1), b.output(2),
            b.call().arg(1), b.call().arg(3), b.call().arg(4), b.call().arg(5), b.call().arg(6), mask(b, 0, 1, 2));
        for (int i = 0; i < 3; i++) {
            Arg.Ref gradient = new Arg.Ref(all.node(), i);
            b.give(i, () -> gradient);
        }
        if (b.has(1) || b.has(2)) {
            b.give(0, () -> ofStatistics(b));
        }
    }

    /** What the gradients of each group's mean and inverse deviation mean for the input. */
    private static Arg.Ref ofStatistics(Backward b) {
        Emit e = b.e();
        SymInt groups = b.args().size(6);
        SymInt span = b.args().size(4).floorDiv(groups).times(b.args().size(5));
        List<SymInt> each = List.of(b.args().size(3), groups, SymInt.ONE);
        Arg.Ref centered = e.sub(e.view(e.compute(b.input(0)), List.of(b.args().size(3), groups, span)),
            e.view(e.compute(b.output(1)), each));
        Arg.Ref inverse = e.view(e.compute(b.output(2)), each);
        Arg.Ref cube = e.mul(e.mul(inverse, inverse), inverse);
        Arg.Ref slope = e.mul(e.mul(e.view(e.compute(b.grad(2)), each), cube), centered);
        return e.view(e.div(e.sub(e.view(e.compute(b.grad(1)), each), slope), span), b.tensor(0).sizes());
    }

    /** @param running position of the running mean, the variance behind it; -1 if there are none */
    private static void batchNorm(Backward b, boolean training, int running, double eps) {
        Emit e = b.e();
        FakeTensor self = b.tensor(0);
        List<SymInt> channel = new ArrayList<>(Collections.nCopies(self.rank(), SymInt.ONE));
        channel.set(1, self.size(1));
        Arg.Ref grad = e.compute(b.grad());
        Arg.Ref x = e.compute(b.input(0));
        List<Arg.Ref> statistics = training ? ofBatch(b, eps) : ofRunning(b, running, eps);
        Arg.Ref centered = e.sub(x, e.view(statistics.get(0), channel));
        Arg.Ref inverse = e.view(statistics.get(1), channel);
        Arg over = Arg.ints(IntStream.range(0, self.rank()).filter(d -> d != 1).asLongStream().toArray());
        Arg.Ref sum = e.sum(grad, over, true);
        Arg.Ref along = e.mul(e.sum(e.mul(grad, centered), over, true), inverse);
        b.give(0, () -> {
            Arg.Ref scale = b.call().arg(1) instanceof Arg.Ref weight
                ? e.mul(inverse, e.view(e.cast(weight, e.dtype(x)), channel)) : inverse;
            if (!training) {
                return e.mul(grad, scale);
            }
            SymInt count = self.numel().floorDiv(self.size(1));
            Arg.Ref slope = e.div(e.mul(along, inverse), count);
            return e.mul(e.sub(e.sub(grad, e.div(sum, count)), e.mul(centered, slope)), scale);
        });
        b.give(1, () -> e.view(along, List.of(self.size(1))));
        b.give(2, () -> e.view(sum, List.of(self.size(1))));
    }

    private static List<Arg.Ref> ofBatch(Backward b, double eps) {
        return b.tensor(0).dtype().isReduced()
            ? statistics(b.e(), b.input(0), IntStream.range(0, b.tensor(0).rank()).filter(d -> d != 1), eps)
            : List.of(b.output(1), b.output(2));
    }

    private static List<Arg.Ref> ofRunning(Backward b, int position, double eps) {
        Emit e = b.e();
        return List.of(e.compute(b.input(position)), e.unary("rsqrt", e.add(e.compute(b.input(position + 1)), eps)));
    }
}
