package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** Resize and Upsample: axis by axis by constant indices and weights; over dynamic sizes by PyTorch's upsampling. */
final class ResizeImports {
    private ResizeImports() {
    }

    static void register(Registry r) {
        r.tensor("Resize", n -> resize(n, n.since(11) ? 2 : 1, n.since(11) ? 3 : -1));
        r.tensor("Upsample", n -> resize(n, n.has(1) ? 1 : -1, -1));
    }

    private static Arg.Ref resize(NodeImport n, int scaleInput, int sizeInput) {
        Arg.Ref x = n.tensor(0);
        int rank = n.rank(x);
        int[] axes = n.attributes().integers("axes").map(a -> n.dims(a, rank))
            .orElse(IntStream.range(0, rank).toArray());
        double[] scales = new double[rank];
        Arrays.fill(scales, 1);
        SymInt[] out = n.type(x).sizes().toArray(SymInt[]::new);
        boolean sized = sizeInput >= 0 && n.has(sizeInput);
        if (sized) {
            sizes(n, x, axes, n.sizes(sizeInput, "sizes"), scales, out);
        } else {
            scales(n, x, axes, given(n, scaleInput), scales, out);
        }
        List<Integer> changed = Arrays.stream(axes).filter(d -> !out[d].equals(n.type(x).size(d))
            || mode(n).equals("tf_crop_and_resize")).boxed().toList();
        boolean fixed = changed.stream().allMatch(d -> out[d].isConstant() && n.type(x).size(d).isConstant());
        return fixed ? byAxis(n, x, axes, changed, scales, out) : dynamic(n, x, changed, scales, out, sized);
    }

    static String mode(NodeImport n) {
        return n.attributes().string("coordinate_transformation_mode", n.since(11) ? "half_pixel" : "asymmetric");
    }

    private static double[] given(NodeImport n, int input) {
        if (input < 0) {
            return n.attributes().reals("scales").orElseThrow(() -> Attributes.missing("scales")).stream()
                .mapToDouble(f -> f).toArray();
        }
        ConstantValue constant = n.required(input, "scales");
        return IntStream.range(0, (int) constant.numel()).mapToDouble(constant::doubleAt).toArray();
    }

    private static void scales(NodeImport n, Arg.Ref x, int[] axes, double[] given, double[] scales, SymInt[] out) {
        if (given.length != axes.length) {
            throw new KilnException.BadInput(given.length + " scales for " + axes.length + " axes");
        }
        for (int i = 0; i < axes.length; i++) {
            double scale = given[i];
            SymInt size = n.type(x).size(axes[i]);
            scales[axes[i]] = scale;
            if (!(scale > 0)) {
                throw new KilnException.BadInput("scales must be positive, got " + scale);
            }
            out[axes[i]] = size.isConstant() ? SymInt.of((long) Math.floor(size.asLong() * scale))
                : scale == Math.rint(scale) ? size.times((long) scale)
                : 1 / scale == Math.rint(1 / scale) ? size.floorDiv(SymInt.of((long) (1 / scale)))
                : SymInt.of((long) Math.floor(n.shapes().specialize(size) * scale));
        }
    }

    private static void sizes(NodeImport n, Arg.Ref x, int[] axes, List<SymInt> wanted, double[] scales,
            SymInt[] out) {
        if (wanted.size() != axes.length) {
            throw new KilnException.BadInput(wanted.size() + " sizes for " + axes.length + " axes");
        }
        String policy = n.attributes().string("keep_aspect_ratio_policy", "stretch");
        double common = policy.equals("not_smaller") ? 0 : Double.POSITIVE_INFINITY;
        for (int i = 0; i < axes.length; i++) {
            SymInt size = n.type(x).size(axes[i]);
            out[axes[i]] = wanted.get(i);
            if (size.isConstant() && wanted.get(i).isConstant()) {
                scales[axes[i]] = (double) wanted.get(i).asLong() / size.asLong();
            } else if (!policy.equals("stretch")) {
                throw new KilnException.Unsupported("keep_aspect_ratio_policy over the dynamic size " + size
                    + " is not supported; fix the shape with --shape");
            }
            double scale = scales[axes[i]];
            common = policy.equals("not_smaller") ? Math.max(common, scale) : Math.min(common, scale);
        }
        if (!policy.equals("stretch")) {
            for (int axis : axes) {
                scales[axis] = common;
                out[axis] = SymInt.of((long) Math.floor(common * n.type(x).size(axis).asLong() + 0.5));
            }
        }
    }

    private static Arg.Ref byAxis(NodeImport n, Arg.Ref x, int[] axes, List<Integer> changed, double[] scales,
            SymInt[] out) {
        DType dtype = n.dtype(x);
        boolean nearest = n.attributes().string("mode", "nearest").equals("nearest");
        Arg.Ref result = nearest || dtype.isFloating() ? x : n.cast(x, DType.F32);
        double[] region = mode(n).equals("tf_crop_and_resize") ? given(n, 1) : null;
        for (int d : changed.reversed()) {
            int at = IntStream.range(0, axes.length).filter(i -> axes[i] == d).findFirst().orElseThrow();
            double start = region == null ? 0 : region[at];
            double end = region == null ? 1 : region[at + axes.length];
            int in = Math.toIntExact(n.type(x).size(d).asLong());
            ResizeAxis axis = ResizeAxis.of(n, in, Math.toIntExact(out[d].asLong()), scales[d], start, end);
            result = axis.apply(n, result, d);
        }
        return n.cast(result, dtype);
    }

    /** The forms that PyTorch's exporter writes. */
    private static Arg.Ref dynamic(NodeImport n, Arg.Ref x, List<Integer> changed, double[] scales, SymInt[] out,
            boolean sized) {
        int dims = n.rank(x) - 2;
        String mode = n.attributes().string("mode", "nearest");
        String transform = mode(n);
        boolean spatial = dims >= 1 && dims <= 3 && changed.stream().allMatch(d -> d >= 2);
        boolean corners = transform.equals("align_corners");
        boolean smooth = corners || transform.equals("half_pixel") || transform.equals("pytorch_half_pixel");
        String floor = n.attributes().string("nearest_mode", n.since(11) ? "round_prefer_floor" : "floor");
        boolean plain = !n.attributes().flag("antialias", false) && !n.attributes().flag("exclude_outside", false)
            && n.attributes().real("cubic_coeff_a", -0.75f) == -0.75f;
        String op = !spatial || !plain ? null
            : mode.equals("nearest") && transform.equals("asymmetric") && floor.equals("floor")
                ? "upsample_nearest" + dims + "d"
            : mode.equals("linear") && smooth ? List.of("upsample_linear1d", "upsample_bilinear2d",
                "upsample_trilinear3d").get(dims - 1)
            : mode.equals("cubic") && smooth && dims == 2 ? "upsample_bicubic2d" : null;
        if (op == null) {
            throw new KilnException.Unsupported("mode '" + mode + "' with " + transform + " over dynamic sizes is not "
                + "supported; fix the shape with --shape");
        }
        List<Object> args = new ArrayList<>(List.of(x, Arrays.asList(out).subList(2, dims + 2)));
        if (!mode.equals("nearest")) {
            args.add(corners);
        }
        for (int d = 2; d < dims + 2; d++) {
            args.add(sized ? null : (Object) scales[d]);
        }
        return n.call("aten." + op + ".default", args.toArray());
    }

    static Arg.Ref vector(NodeImport n, Arg.Ref x, Arg.Ref vector, int dim) {
        List<SymInt> shape = new ArrayList<>(Collections.nCopies(n.rank(x), SymInt.ONE));
        shape.set(dim, n.type(vector).size(0));
        return n.reshape(vector, shape);
    }
}
