package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.List;

/** Classification losses: scores of shape (N, C, d1, ...), targets of shape (N, d1, ...). */
final class LossImports {
    private LossImports() {
    }

    static void register(Registry r) {
        r.tensor("NegativeLogLikelihoodLoss", n -> loss(n, n.tensor(0)));
        r.tensors("SoftmaxCrossEntropyLoss", n -> {
            Arg.Ref logProbabilities = n.call("aten._log_softmax.default", n.tensor(0), 1, false);
            return List.of(loss(n, logProbabilities), logProbabilities);
        });
    }

    private static Arg.Ref loss(NodeImport n, Arg.Ref logProbabilities) {
        Arg.Ref target = n.cast(n.tensor(1), DType.I64);
        Arg.Ref ignored = null;
        if (n.attributes().has("ignore_index")) {
            ignored = n.call("aten.eq.Scalar", target, n.attributes().integer("ignore_index", 0));
            target = n.call("aten.where.self", ignored, n.constant("zero", ConstantValue.longs(List.of(), 0)),
                target);
        }
        Arg.Ref picked = n.call("aten.gather.default", logProbabilities, 1,
            n.call("aten.unsqueeze.default", target, 1));
        Arg.Ref losses = n.call("aten.neg.default", n.call("aten.squeeze.dim", picked, 1));
        Arg.Ref weights = weights(n, target, ignored, n.dtype(losses));
        Arg.Ref weighted = weights == null ? losses : n.call("aten.mul.Tensor", losses, weights);
        if (ignored != null) {
            Arg.Ref zero = n.constant("zero", ConstantValue.allocate(n.dtype(losses), List.of()));
            weighted = n.call("aten.where.self", ignored, zero, weighted);
        }
        return reduce(n, weighted, weights);
    }

    /** Each target's weight, 0 for the ignored ones; null if all weigh 1. */
    private static Arg.Ref weights(NodeImport n, Arg.Ref target, Arg.Ref ignored, DType dtype) {
        Arg.Ref weights = null;
        if (n.has(2)) {
            Arg.Ref flat = n.reshape(target, List.of(n.type(target).numel()));
            Arg.Ref picked = n.call("aten.index_select.default", n.tensor(2), 0, flat);
            weights = n.reshape(picked, n.type(target).sizes());
        }
        if (ignored == null) {
            return weights;
        }
        Arg.Ref kept = n.cast(n.call("aten.logical_not.default", ignored), dtype);
        return weights == null ? kept : n.call("aten.mul.Tensor", weights, kept);
    }

    private static Arg.Ref reduce(NodeImport n, Arg.Ref losses, Arg.Ref weights) {
        String reduction = n.attributes().string("reduction", "mean");
        return switch (reduction) {
            case "none" -> losses;
            case "sum" -> total(n, losses);
            case "mean" -> weights == null ? n.call("aten.mean.dim", losses, all(n, losses), false)
                : n.call("aten.div.Tensor", total(n, losses), total(n, weights));
            default -> throw new KilnException.BadInput("reduction '" + reduction
                + "' is none of none, sum, mean");
        };
    }

    private static Arg.Ref total(NodeImport n, Arg.Ref x) {
        return n.call("aten.sum.dim_IntList", x, all(n, x), false);
    }

    private static long[] all(NodeImport n, Arg.Ref x) {
        return java.util.stream.LongStream.range(0, n.rank(x)).toArray();
    }
}
