package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.LongStream;

/** Pooling. What PyTorch's ops do not have (uneven padding, dilated means) is padded or convolved with ones. */
final class PoolingImports {
    private PoolingImports() {
    }

    static void register(Registry r) {
        r.tensors("MaxPool", PoolingImports::max);
        r.tensor("AveragePool", PoolingImports::average);
        r.tensor("LpPool", PoolingImports::lp);
        r.tensor("GlobalLpPool", n -> n.call("aten.linalg_vector_norm.default", n.tensor(0), power(n),
            LongStream.range(2, n.rank(n.tensor(0))).toArray(), true));
        r.tensor("MaxUnpool", PoolingImports::unpool);
    }

    private static double power(NodeImport n) {
        return n.since(2) ? n.attributes().integer("p", 2) : n.attributes().real("p", 2);
    }

    private static List<SymInt> image(NodeImport n, Arg.Ref x) {
        if (n.rank(x) < 3 || n.rank(x) > 5) {
            throw new KilnException.Unsupported("a tensor [N, C, spatial..] with one to three spatial dimensions "
                + "expected, got " + n.type(x));
        }
        return n.type(x).sizes().subList(2, n.rank(x));
    }

    private static WindowSpec windows(NodeImport n, Arg.Ref x) {
        List<SymInt> image = image(n, x);
        n.attributes().requireIntegers("kernel_shape");
        return WindowSpec.of(n, image, WindowSpec.numbers(n, "kernel_shape", image.size(), 1));
    }

    /** Whether PyTorch's poolings take the padding as it is. */
    private static boolean isPlain(WindowSpec spec) {
        boolean plain = spec.isSymmetric();
        for (int d = 0; d < spec.kernel().size(); d++) {
            SymInt pad = spec.before().get(d);
            plain &= pad.isConstant() && 2 * pad.asLong() <= spec.kernel().get(d).asLong();
        }
        return plain;
    }

    private static List<Arg.Ref> max(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        WindowSpec spec = windows(n, x);
        int dims = spec.kernel().size();
        boolean plain = isPlain(spec);
        List<SymInt> none = Collections.nCopies(dims, SymInt.ZERO);
        Arg.Ref padded = plain ? x : n.call("aten.constant_pad_nd.default", x,
            WindowSpec.pairs(spec.before(), spec.after()), lowest(n.dtype(x)));
        Arg.Ref best = n.call("aten.max_pool" + dims + "d_with_indices.default", padded, spec.kernel(), spec.strides(),
            plain ? spec.before() : none, spec.dilations(), n.attributes().flag("ceil_mode", false));
        if (!n.wants(1)) {
            return n.outputs() < 2 ? List.of(best) : List.of(best, new Arg.Ref(best.node(), 1));
        }
        Arg.Ref places = new Arg.Ref(best.node(), 1);
        return List.of(best, flat(n, x, places, n.type(padded).sizes().subList(2, dims + 2),
            plain ? none : spec.before()));
    }

    private static Object lowest(DType dtype) {
        return switch (dtype) {
            case I8 -> (long) Byte.MIN_VALUE;
            case U8 -> 0L;
            default -> Double.NEGATIVE_INFINITY;
        };
    }

    /** Places in a (padded) image as places in the whole tensor, of either storage order. */
    private static Arg.Ref flat(NodeImport n, Arg.Ref x, Arg.Ref places, List<SymInt> padded, List<SymInt> before) {
        List<SymInt> image = image(n, x);
        boolean columns = n.attributes().flag("storage_order", false);
        Arg.Ref flat = null;
        SymInt inner = SymInt.product(padded);
        SymInt stride = SymInt.ONE;
        for (int d = 0; d < image.size(); d++) {
            inner = inner.floorDiv(padded.get(d));
            Arg.Ref own = n.call("aten.sub.Scalar", n.call("aten.remainder.Scalar",
                n.call("aten.floor_divide.Scalar", places, inner), padded.get(d)), before.get(d));
            Arg.Ref far = columns ? n.call("aten.mul.Scalar", own, stride) : own;
            flat = flat == null ? far
                : n.call("aten.add.Tensor", columns ? flat : n.call("aten.mul.Scalar", flat, image.get(d)), far);
            stride = stride.times(image.get(d));
        }
        List<SymInt> shape = new ArrayList<>(ReshapeImports.ones(n.rank(x)));
        shape.set(0, n.type(x).size(0));
        shape.set(1, n.type(x).size(1));
        Arg.Ref planes = n.call("aten.arange.start_step", 0, shape.get(0).times(shape.get(1)), 1, DType.I64);
        return n.call("aten.add.Tensor", flat, n.call("aten.mul.Scalar", n.reshape(planes, shape),
            SymInt.product(image)));
    }

    private static Arg.Ref average(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        WindowSpec spec = windows(n, x);
        boolean ceil = n.attributes().flag("ceil_mode", false);
        boolean includePad = n.attributes().flag("count_include_pad", false);
        if (isPlain(spec) && spec.dilations().stream().allMatch(d -> d.is(1))) {
            return n.call("aten.avg_pool" + spec.kernel().size() + "d.default", x, spec.kernel(), spec.strides(),
                spec.before(), ceil, includePad);
        }
        List<SymInt> shape = new ArrayList<>(List.of(SymInt.ONE, SymInt.ONE));
        shape.addAll(image(n, x));
        Arg.Ref ones = n.call("aten.full.default", shape, 1, n.dtype(x));
        return n.call("aten.div.Tensor", WindowSums.of(n, x, spec, ceil, 0),
            WindowSums.of(n, ones, spec, ceil, includePad ? 1 : 0));
    }

    /** The p-norm over windows. */
    private static Arg.Ref lp(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        double p = power(n);
        Arg.Ref powers = p == 2 ? n.call("aten.mul.Tensor", x, x)
            : n.call("aten.pow.Tensor_Scalar", n.call("aten.abs.default", x), p);
        Arg.Ref sums = WindowSums.of(n, powers, windows(n, x), n.attributes().flag("ceil_mode", false), 0);
        return p == 2 ? n.call("aten.sqrt.default", sums) : n.call("aten.pow.Tensor_Scalar", sums, 1 / p);
    }

    /** Puts elements back to where a MaxPool took them from; all others are zero. */
    private static Arg.Ref unpool(NodeImport n) {
        Arg.Ref x = n.tensor(0);
        WindowSpec spec = windows(n, x);
        List<SymInt> natural = new ArrayList<>(n.type(x).sizes().subList(0, 2));
        for (int d = 0; d < spec.kernel().size(); d++) {
            natural.add(n.type(x).size(d + 2).plus(-1).times(spec.strides().get(d)).plus(spec.kernel().get(d))
                .minus(spec.before().get(d)).minus(spec.after().get(d)));
        }
        List<SymInt> one = List.of(SymInt.product(n.type(x).sizes()));
        Arg.Ref zeros = n.call("aten.full.default", List.of(SymInt.product(natural)), 0, n.dtype(x));
        Arg.Ref written = n.reshape(n.call("aten.scatter.src", zeros, 0, n.reshape(n.tensor(1), one),
            n.reshape(x, one)), natural);
        if (!n.has(2)) {
            return written;
        }
        List<SymInt> wanted = n.sizes(2, "output_shape");
        List<SymInt> more = new ArrayList<>();
        for (int d = wanted.size() - 1; d >= 0; d--) {
            more.addAll(Arrays.asList(SymInt.ZERO, wanted.get(d).minus(natural.get(d))));
        }
        return n.call("aten.constant_pad_nd.default", written, more, 0);
    }
}
