package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;

/**
 * Random tensors: a hash of each element's position and the seed, so that elements are independent of each other and
 * of threads. The numbers are the same in every run; a node without a seed gets one from its name.
 */
final class RandomImports {
    private static final long STEP = 0x9e3779b97f4a7c15L;

    private RandomImports() {
    }

    static void register(Registry r) {
        r.tensor("RandomUniform", n -> uniform(n, shape(n), dtype(n, DType.F32)));
        r.tensor("RandomUniformLike", n -> uniform(n, n.type(n.tensor(0)).sizes(), dtype(n, n.valueType(0))));
        r.tensor("RandomNormal", n -> normal(n, shape(n), dtype(n, DType.F32)));
        r.tensor("RandomNormalLike", n -> normal(n, n.type(n.tensor(0)).sizes(), dtype(n, n.valueType(0))));
        r.tensor("Bernoulli", n -> {
            Arg.Ref below = n.call("aten.lt.Tensor", unit(n, n.type(n.tensor(0)).sizes(), n.valueType(0), 0),
                n.tensor(0));
            return n.cast(below, dtype(n, n.valueType(0)));
        });
        r.tensor("Multinomial", RandomImports::multinomial);
    }

    private static List<SymInt> shape(NodeImport n) {
        List<SymInt> sizes = new ArrayList<>();
        for (long size : n.attributes().requireIntegers("shape")) {
            sizes.add(SymInt.of(size));
        }
        return sizes;
    }

    private static DType dtype(NodeImport n, DType otherwise) {
        return n.attributes().has("dtype")
            ? OnnxTypes.dtype((int) n.attributes().integer("dtype", 0), "attribute 'dtype'") : otherwise;
    }

    private static Arg.Ref uniform(NodeImport n, List<SymInt> sizes, DType dtype) {
        double low = n.attributes().real("low", 0);
        double high = n.attributes().real("high", 1);
        Arg.Ref scaled = n.call("aten.mul.Scalar", unit(n, sizes, dtype, 0), high - low);
        return n.cast(n.call("aten.add.Scalar", scaled, low), dtype);
    }

    /** By Box and Muller. */
    private static Arg.Ref normal(NodeImport n, List<SymInt> sizes, DType dtype) {
        Arg.Ref first = n.call("aten.rsub.Scalar", unit(n, sizes, dtype, 0), 1.0);
        Arg.Ref second = n.call("aten.mul.Scalar", unit(n, sizes, dtype, 1), 2 * Math.PI);
        Arg.Ref radius = n.call("aten.sqrt.default",
            n.call("aten.mul.Scalar", n.call("aten.log.default", first), -2.0));
        Arg.Ref standard = n.call("aten.mul.Tensor", radius, n.call("aten.cos.default", second));
        Arg.Ref scaled = n.call("aten.mul.Scalar", standard, n.attributes().real("scale", 1));
        return n.cast(n.call("aten.add.Scalar", scaled, n.attributes().real("mean", 0)), dtype);
    }

    /** The largest of the log probabilities, each with noise of Gumbel's distribution. */
    private static Arg.Ref multinomial(NodeImport n) {
        Arg.Ref logits = n.tensor(0);
        List<SymInt> sizes = n.type(logits).sizes();
        SymInt samples = SymInt.of(n.attributes().integer("sample_size", 1));
        Arg.Ref unit = n.call("aten.rsub.Scalar",
            unit(n, List.of(sizes.get(0), samples, sizes.get(1)), n.dtype(logits), 0), 1.0);
        Arg.Ref inner = n.call("aten.neg.default", n.call("aten.log.default", unit));
        Arg.Ref noisy = n.call("aten.sub.Tensor", n.call("aten.unsqueeze.default", logits, 1),
            n.call("aten.log.default", inner));
        return n.cast(n.call("aten.argmax.default", noisy, 2), dtype(n, DType.I32));
    }

    /** Uniform in [0, 1): f64 for f64, else f32. */
    static Arg.Ref unit(NodeImport n, List<SymInt> sizes, DType dtype, int stream) {
        long seed = n.attributes().seed(n.ownSeed());
        Arg.Ref place = n.call("aten.arange.start_step", SymInt.ZERO, SymInt.product(sizes), 1, DType.I64);
        long start = mix(seed * 2 + stream);
        Arg.Ref x = n.call("aten.add.Scalar", n.call("aten.mul.Scalar", place, STEP), start);
        x = n.call("aten.mul.Scalar", folded(n, x, 30), 0xbf58476d1ce4e5b9L);
        x = n.call("aten.mul.Scalar", folded(n, x, 27), 0x94d049bb133111ebL);
        int bits = dtype == DType.F64 ? 53 : 24;
        Arg.Ref high = shifted(n, folded(n, x, 31), 64 - bits);
        Arg.Ref real = n.cast(high, dtype == DType.F64 ? DType.F64 : DType.F32);
        return n.reshape(n.call("aten.mul.Scalar", real, Math.scalb(1.0, -bits)), sizes);
    }

    /** x xor (x without sign shifted right). */
    private static Arg.Ref folded(NodeImport n, Arg.Ref x, int by) {
        return n.call("aten.bitwise_xor.Tensor", x, shifted(n, x, by));
    }

    private static Arg.Ref shifted(NodeImport n, Arg.Ref x, int by) {
        return n.call("aten.bitwise_and.Scalar", n.call("aten.bitwise_right_shift.Tensor_Scalar", x, by),
            (1L << (64 - by)) - 1);
    }

    private static long mix(long x) {
        long y = (x + STEP) * 0xbf58476d1ce4e5b9L;
        return (y ^ y >>> 31) * 0x94d049bb133111ebL;
    }
}
