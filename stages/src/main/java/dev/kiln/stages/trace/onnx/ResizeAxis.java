package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Resizing of one axis of known size.
 *
 * @param indices for each tap, which input place each place of the result reads
 * @param weights for each tap, how much it counts; empty if there is one tap that counts fully
 * @param outside which places lie outside of the image and get the extrapolation value
 */
record ResizeAxis(List<long[]> indices, List<float[]> weights, boolean[] outside) {

    static ResizeAxis of(NodeImport n, int in, int out, double scale, double start, double end) {
        String transform = ResizeImports.mode(n);
        double[] at = new double[out];
        boolean[] outside = new boolean[out];
        for (int i = 0; i < out; i++) {
            at[i] = source(transform, i, in, out, scale, start, end);
            outside[i] = transform.equals("tf_crop_and_resize") && (at[i] < 0 || at[i] > in - 1);
        }
        String mode = n.attributes().string("mode", "nearest");
        if (mode.equals("nearest")) {
            String rounding = n.attributes().string("nearest_mode", n.since(11) ? "round_prefer_floor" : "floor");
            long[] index = Arrays.stream(at).mapToLong(x -> clamp(nearest(rounding, x), in)).toArray();
            return new ResizeAxis(List.of(index), List.of(), outside);
        }
        boolean cubic = mode.equals("cubic");
        if (!cubic && !mode.equals("linear") && !mode.equals("bilinear")) {
            throw new KilnException.BadInput("mode '" + mode + "' is none of nearest, linear, cubic");
        }
        double narrow = n.attributes().flag("antialias", false) ? Math.min(1, scale) : 1;
        double a = n.attributes().real("cubic_coeff_a", -0.75f);
        boolean exclude = n.attributes().flag("exclude_outside", false) || narrow < 1;
        return mixed(at, in, (cubic ? 2 : 1) / narrow, d -> cubic ? cubic(d * narrow, a)
            : Math.max(0, 1 - Math.abs(d * narrow)), exclude, outside);
    }

    /** The place of the input (not a whole number) that belongs to a place of the result. */
    private static double source(String transform, int i, int in, int out, double scale, double start, double end) {
        return switch (transform) {
            case "half_pixel" -> (i + 0.5) / scale - 0.5;
            case "half_pixel_symmetric" -> {
                double adjustment = out / (scale * in);
                yield in / 2.0 * (1 - adjustment) + (i + 0.5) / scale - 0.5;
            }
            case "pytorch_half_pixel" -> out > 1 ? (i + 0.5) / scale - 0.5 : 0;
            case "tf_half_pixel_for_nn" -> (i + 0.5) / scale;
            // ONNX takes the length that the scale gives, not the whole number below it.
            case "align_corners" -> i == 0 ? 0 : (double) i * (in - 1) / (scale * in - 1);
            case "asymmetric" -> i / scale;
            case "tf_crop_and_resize" -> out > 1 ? start * (in - 1) + i * (end - start) * (in - 1) / (out - 1)
                : 0.5 * (start + end) * (in - 1);
            default -> throw new KilnException.Unsupported("coordinate_transformation_mode '" + transform
                + "' is not supported");
        };
    }

    private static long nearest(String rounding, double x) {
        return (long) switch (rounding) {
            case "round_prefer_floor" -> Math.ceil(x - 0.5);
            case "round_prefer_ceil" -> Math.floor(x + 0.5);
            case "floor" -> Math.floor(x);
            case "ceil" -> Math.ceil(x);
            default -> throw new KilnException.BadInput("nearest_mode '" + rounding + "' is not known");
        };
    }

    private static long clamp(long index, int in) {
        return Math.max(0, Math.min(in - 1, index));
    }

    private interface Kernel {
        double at(double distance);
    }

    /** Keys' kernel. */
    private static double cubic(double distance, double a) {
        double x = Math.abs(distance);
        return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1
            : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
    }

    /** Taps within the reach of a kernel; what lies outside counts as the border, or not at all. */
    private static ResizeAxis mixed(double[] at, int in, double reach, Kernel kernel, boolean exclude,
            boolean[] outside) {
        int taps = 2 * (int) Math.ceil(reach);
        List<long[]> indices = new ArrayList<>();
        List<float[]> weights = new ArrayList<>();
        for (int t = 0; t < taps; t++) {
            indices.add(new long[at.length]);
            weights.add(new float[at.length]);
        }
        for (int i = 0; i < at.length; i++) {
            long first = (long) Math.floor(at[i]) - taps / 2 + 1;
            double[] own = new double[taps];
            double sum = 0;
            for (int t = 0; t < taps; t++) {
                boolean counts = !exclude || first + t >= 0 && first + t < in;
                own[t] = counts ? kernel.at(first + t - at[i]) : 0;
                sum += own[t];
            }
            for (int t = 0; t < taps; t++) {
                indices.get(t)[i] = clamp(first + t, in);
                weights.get(t)[i] = (float) (exclude ? own[t] / sum : own[t]);
            }
        }
        return new ResizeAxis(indices, weights, outside);
    }

    Arg.Ref apply(NodeImport n, Arg.Ref x, int dim) {
        Arg.Ref sum = null;
        for (int t = 0; t < indices.size(); t++) {
            List<Long> sizes = List.of((long) indices.get(t).length);
            Arg.Ref index = n.constant("resize_indices", ConstantValue.longs(sizes, indices.get(t)));
            Arg.Ref term = n.call("aten.index_select.default", x, dim, index);
            if (!weights.isEmpty()) {
                Arg.Ref weight = n.constant("resize_weights", ConstantValue.floats(sizes, weights.get(t)));
                term = n.call("aten.mul.Tensor", term, ResizeImports.vector(n, x, n.cast(weight, n.dtype(x)), dim));
            }
            sum = sum == null ? term : n.call("aten.add.Tensor", sum, term);
        }
        return extrapolated(n, sum, dim);
    }

    private Arg.Ref extrapolated(NodeImport n, Arg.Ref x, int dim) {
        long[] marks = new long[outside.length];
        for (int i = 0; i < marks.length; i++) {
            marks[i] = outside[i] ? 1 : 0;
        }
        if (Arrays.stream(marks).allMatch(m -> m == 0)) {
            return x;
        }
        Arg.Ref mask = n.constant("resize_outside", ConstantValue.longs(List.of((long) marks.length), marks));
        Arg.Ref value = n.call("aten.full.default", List.<SymInt>of(), n.attributes().real("extrapolation_value", 0),
            n.dtype(x));
        return n.call("aten.where.self", n.call("aten.ne.Scalar", ResizeImports.vector(n, x, mask, dim), 0), value, x);
    }
}
