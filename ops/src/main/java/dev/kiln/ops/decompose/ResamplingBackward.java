package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.decompose.Resampling.Axis;
import dev.kiln.ops.decompose.Resampling.Mix;
import dev.kiln.ops.decompose.Resampling.Precision;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.BiFunction;

/** Gradients of upsampling: what each place of the result was mixed of gets its part of the gradient back. */
final class ResamplingBackward {
    private ResamplingBackward() {
    }

    static void define(Definitions d) {
        String[] scales = {"float? scales=None", "float? scales_h=None, float? scales_w=None",
            "float? scales_d=None, float? scales_h=None, float? scales_w=None"};
        for (int dims = 1; dims <= 3; dims++) {
            family(d, "upsample_nearest" + dims + "d", dims, scales[dims - 1], false,
                (p, axis) -> Resampling.nearest(p, axis, 0));
            family(d, "_upsample_nearest_exact" + dims + "d", dims, scales[dims - 1], false,
                (p, axis) -> Resampling.nearest(p, axis, 0.5));
        }
        family(d, "upsample_linear1d", 1, scales[0], true, Resampling::linear);
        family(d, "upsample_bilinear2d", 2, scales[1], true, Resampling::linear);
        family(d, "upsample_trilinear3d", 3, scales[2], true, Resampling::linear);
        family(d, "upsample_bicubic2d", 2, scales[1], true, Resampling::cubic);
    }

    private static void family(Definitions d, String name, int dims, String scales, boolean corners,
            BiFunction<Precision, Axis, Mix> mix) {
        d.op(name + "_backward.default(Tensor grad_output, SymInt[] output_size, SymInt[] input_size, "
            + (corners ? "bool align_corners, " : "") + scales + ") -> Tensor", (e, a) -> {
            Arg.Ref x = e.compute(Emit.ref(a, 0));
            Precision precision = new Precision(e, e.dtype(x) == DType.F64 ? DType.F64 : DType.F32);
            if (a.sizes(1).size() != dims || a.sizes(2).size() != dims + 2 || e.rank(x) != dims + 2) {
                throw a.error("a gradient [N, C, spatial..] of " + dims + " spatial dimensions expected, got "
                    + a.tensor(0));
            }
            for (int i = 0; i < dims; i++) {
                int position = 3 + (corners ? 1 : 0) + i;
                Double factor = a.isNone(position) ? null : (Double) a.real(position);
                Axis axis = new Axis(a.sizes(2).get(2 + i), a.sizes(1).get(i), factor, corners && a.bool(3));
                x = spread(e, x, 2 + i, axis.in(), mix.apply(precision, axis));
            }
            return e.cast(x, a.tensor(0).dtype());
        });
    }

    private static Arg.Ref spread(Emit e, Arg.Ref grad, int dim, SymInt size, Mix mix) {
        List<SymInt> sizes = new ArrayList<>(e.tensor(grad).sizes());
        List<SymInt> column = new ArrayList<>(Collections.nCopies(sizes.size(), SymInt.ONE));
        column.set(dim, sizes.get(dim));
        List<SymInt> result = new ArrayList<>(sizes);
        result.set(dim, size);
        Arg.Ref sum = e.full(result, 0, e.dtype(grad));
        for (int i = 0; i < mix.indices().size(); i++) {
            Arg.Ref part = mix.weights() == null ? grad : e.mul(grad, e.view(mix.weights().get(i), column));
            sum = IndexDecompositions.accumulate(e, sum, dim, e.expand(e.view(mix.indices().get(i), column), sizes),
                e.cast(part, e.dtype(grad)));
        }
        return sum;
    }
}
