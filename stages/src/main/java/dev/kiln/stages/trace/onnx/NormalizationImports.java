package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.stream.LongStream;

/** Softmax and the normalisations. */
final class NormalizationImports {
    private NormalizationImports() {
    }

    static void register(Registry r) {
        r.tensor("Softmax", n -> alongAxis(n, (x, axis) -> n.call("aten._softmax.default", x, axis, false)));
        r.tensor("LogSoftmax", n -> alongAxis(n, (x, axis) -> n.call("aten._log_softmax.default", x, axis,
            false)));
        r.tensor("Hardmax", n -> alongAxis(n, (x, axis) -> hardmax(n, x, axis)));
        r.tensors("LayerNormalization", NormalizationImports::layerNorm);
        r.tensor("RMSNormalization", NormalizationImports::rmsNorm);
        // ONNX Runtime has this one in the default domain
        r.tensor("SimplifiedLayerNormalization", NormalizationImports::rmsNorm);
        r.tensors("BatchNormalization", NormalizationImports::batchNorm);
        r.tensor("InstanceNormalization", n -> {
            Arg.Ref x = n.tensor(0);
            Arg.Ref normal = standardize(n, x, spatial(n.rank(x)), n.attributes().real("epsilon", 1e-5f));
            return perChannel(n, normal, n.tensor(1), n.tensor(2));
        });
        r.tensor("GroupNormalization", NormalizationImports::groupNorm);
        r.tensor("MeanVarianceNormalization", n -> standardize(n, n.tensor(0),
            n.attributes().integers("axes").orElse(new long[] {0, 2, 3}), 0));
        r.tensor("LpNormalization", NormalizationImports::lpNorm);
        r.tensor("GlobalAveragePool", n -> n.call("aten.mean.dim", n.tensor(0), spatial(n.rank(n.tensor(0))),
            true));
        r.tensor("GlobalMaxPool", n -> n.call("aten.amax.default", n.tensor(0), spatial(n.rank(n.tensor(0))),
            true));
    }

    /** Before opset 13 the input counts as a matrix, split at the axis. */
    private static Arg.Ref alongAxis(NodeImport n, BiFunction<Arg.Ref, Integer, Arg.Ref> body) {
        Arg.Ref x = n.tensor(0);
        int rank = n.rank(x);
        int axis = n.dim(n.attributes().integer("axis", n.since(13) ? -1 : 1), rank);
        boolean matrix = !n.since(13)
            && !n.type(x).sizes().subList(axis + 1, rank).stream().allMatch(s -> s.is(1));
        if (!matrix) {
            return body.apply(x, axis);
        }
        List<SymInt> sizes = n.type(x).sizes();
        return n.reshape(body.apply(ReshapeImports.flatten(n, x, axis), 1), sizes);
    }

    /** 1 at the first largest element along the axis, 0 elsewhere. */
    private static Arg.Ref hardmax(NodeImport n, Arg.Ref x, int axis) {
        Arg.Ref largest = n.call("aten.argmax.default", x, axis, true);
        List<SymInt> sizes = new ArrayList<>(ReshapeImports.ones(n.rank(x)));
        sizes.set(axis, n.type(x).size(axis));
        Arg.Ref positions = n.call("aten.arange.start_step", 0, n.type(x).size(axis), 1, DType.I64);
        return n.cast(n.call("aten.eq.Tensor", largest, n.reshape(positions, sizes)), n.dtype(x));
    }

    /** Outputs: result, mean, and inverse standard deviation. */
    private static List<Arg.Ref> layerNorm(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        int axis = n.dim(n.attributes().integer("axis", -1), n.rank(x));
        List<SymInt> normalized = n.type(x).sizes().subList(axis, n.rank(x));
        double epsilon = n.attributes().real("epsilon", 1e-5f);
        Arg.Ref scale = n.optionalTensor(1);
        Arg.Ref bias = n.optionalTensor(2);
        boolean exact = (scale == null || n.type(scale).sizes().equals(normalized))
            && (bias == null || n.type(bias).sizes().equals(normalized));
        Arg.Ref result = exact ? n.call("aten.native_layer_norm.default", x, normalized, scale, bias, epsilon)
            : n.call("aten.native_layer_norm.default", x, normalized, null, null, epsilon);
        Arg.Ref scaled = exact || scale == null ? result : n.call("aten.mul.Tensor", result, scale);
        Arg.Ref shifted = exact || bias == null ? scaled : n.call("aten.add.Tensor", scaled, bias);
        return List.of(shifted, new Arg.Ref(result.node(), 1), new Arg.Ref(result.node(), 2));
    }

    /** Numbers of 16 bits are normalised in f32, unless the node says otherwise, and scaled as they are. */
    static Arg.Ref rmsNorm(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        int axis = n.dim(n.attributes().integer("axis", -1), n.rank(x));
        boolean wide = n.dtype(x).isReduced() && n.attributes().integer("stash_type", 1) == 1;
        return rootMeanSquare(n, wide ? n.cast(x, DType.F32) : x, LongStream.range(axis, n.rank(x)).toArray(),
            n.tensor(1), n.attributes().real("epsilon", 1e-5f));
    }

    /** x / sqrt(mean(x * x) + epsilon) * scale. */
    static Arg.Ref rootMeanSquare(NodeImport n, Arg.Ref x, long[] dims, Arg.Ref scale, double epsilon) {
        Arg.Ref meanSquare = n.call("aten.mean.dim", n.call("aten.mul.Tensor", x, x), dims, true);
        Arg.Ref inverse = n.call("aten.rsqrt.default", n.call("aten.add.Scalar", meanSquare, epsilon));
        return n.call("aten.mul.Tensor", n.cast(n.call("aten.mul.Tensor", x, inverse), n.dtype(scale)), scale);
    }

    /** (x - mean) / sqrt(variance + epsilon) over the dimensions. */
    private static Arg.Ref standardize(NodeImport n, Arg.Ref x, long[] dims, double epsilon) {
        Arg.Ref centered = n.call("aten.sub.Tensor", x, n.call("aten.mean.dim", x, dims, true));
        Arg.Ref variance = n.call("aten.mean.dim", n.call("aten.mul.Tensor", centered, centered), dims, true);
        if (epsilon == 0) {
            Arg.Ref deviation = n.call("aten.sqrt.default", variance);
            return n.call("aten.div.Tensor", centered, n.call("aten.add.Scalar", deviation, 1e-9));
        }
        Arg.Ref inverse = n.call("aten.rsqrt.default", n.call("aten.add.Scalar", variance, epsilon));
        return n.call("aten.mul.Tensor", centered, inverse);
    }

    private static long[] spatial(int rank) {
        return LongStream.range(2, rank).toArray();
    }

    /** A vector of the channels (dimension 1) shaped to broadcast. */
    static Arg.Ref channels(NodeImport n, Arg.Ref vector, int rank) {
        List<SymInt> sizes = new ArrayList<>(List.of(n.type(vector).size(0)));
        sizes.addAll(ReshapeImports.ones(rank - 2));
        return n.reshape(vector, sizes);
    }

    private static Arg.Ref perChannel(NodeImport n, Arg.Ref x, Arg.Ref scale, Arg.Ref bias) {
        int rank = n.rank(x);
        return n.call("aten.add.Tensor", n.call("aten.mul.Tensor", x, channels(n, scale, rank)),
            channels(n, bias, rank));
    }

    /** With the given statistics; in training with the batch's own, which also move the given ones. */
    private static List<Arg.Ref> batchNorm(NodeImport n) {
        boolean training = n.since(7) ? n.attributes().flag("training_mode", false)
            : !n.attributes().flag("is_test", false);
        if (!training) {
            return List.of(inferred(n));
        }
        if (!n.since(14)) {
            throw new KilnException.Unsupported("training mode before operator set 14 is not supported; "
                + "export for inference");
        }
        Arg.Ref x = n.tensor(0);
        long[] dims = LongStream.range(0, n.rank(x)).filter(d -> d != 1).toArray();
        Arg.Ref normal = standardize(n, x, dims, n.attributes().real("epsilon", 1e-5f));
        Arg.Ref mean = n.call("aten.mean.dim", x, dims, true);
        Arg.Ref centered = n.call("aten.sub.Tensor", x, mean);
        Arg.Ref variance = n.call("aten.mean.dim", n.call("aten.mul.Tensor", centered, centered), dims, false);
        return List.of(perChannel(n, normal, n.tensor(1), n.tensor(2)),
            moved(n, n.tensor(3), n.reshape(mean, n.type(variance).sizes())), moved(n, n.tensor(4), variance));
    }

    private static Arg.Ref moved(NodeImport n, Arg.Ref running, Arg.Ref now) {
        double momentum = n.attributes().real("momentum", 0.9f);
        return n.call("aten.add.Tensor", n.call("aten.mul.Scalar", running, momentum),
            n.cast(n.call("aten.mul.Scalar", now, 1 - momentum), n.dtype(running)));
    }

    private static Arg.Ref inferred(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        Arg.Ref variance = n.call("aten.add.Scalar", n.tensor(4), n.attributes().real("epsilon", 1e-5f));
        Arg.Ref centered = n.call("aten.sub.Tensor", x, channels(n, n.tensor(3), n.rank(x)));
        Arg.Ref inverse = channels(n, n.call("aten.rsqrt.default", variance), n.rank(x));
        return perChannel(n, n.call("aten.mul.Tensor", centered, inverse), n.tensor(1), n.tensor(2));
    }

    /** Scale and bias are of a group each before opset 21, then of a channel. */
    private static Arg.Ref groupNorm(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        List<SymInt> sizes = n.type(x).sizes();
        SymInt groups = SymInt.of(n.attributes().integer("num_groups", 1));
        SymInt rest = SymInt.product(sizes.subList(1, sizes.size())).floorDiv(groups);
        Arg.Ref grouped = n.reshape(x, List.of(sizes.getFirst(), groups, rest));
        Arg.Ref normal = standardize(n, grouped, new long[] {2}, n.attributes().real("epsilon", 1e-5f));
        return n.since(21) ? perChannel(n, n.reshape(normal, sizes), n.tensor(1), n.tensor(2))
            : n.reshape(perChannel(n, normal, n.tensor(1), n.tensor(2)), sizes);
    }

    private static Arg.Ref lpNorm(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        long[] dims = {n.dim(n.attributes().integer("axis", -1), n.rank(x))};
        boolean l1 = n.attributes().integer("p", 2) == 1;
        Arg.Ref parts = l1 ? n.call("aten.abs.default", x) : n.call("aten.mul.Tensor", x, x);
        Arg.Ref sum = n.call("aten.sum.dim_IntList", parts, dims, true);
        return n.call("aten.div.Tensor", x, l1 ? sum : n.call("aten.sqrt.default", sum));
    }
}
