package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleUnaryOperator;

/**
 * Resampling whose filter grows with the factor by which an image shrinks: a product with a constant matrix of weights
 * for each dimension. Sizes must be known.
 */
final class AntialiasedResampling {
    private static final double CUBIC = -0.5;

    private AntialiasedResampling() {
    }

    /** A filter and how far it reaches to each side. */
    private record Filter(double reach, DoubleUnaryOperator weight) {
    }

    static void define(Definitions d) {
        family(d, "_upsample_bilinear2d_aa", new Filter(1, x -> Math.max(0, 1 - Math.abs(x))));
        family(d, "_upsample_bicubic2d_aa", new Filter(2, AntialiasedResampling::cubic));
    }

    private static double cubic(double distance) {
        double x = Math.abs(distance);
        return x < 1 ? ((CUBIC + 2) * x - (CUBIC + 3)) * x * x + 1
            : x < 2 ? ((CUBIC * x - 5 * CUBIC) * x + 8 * CUBIC) * x - 4 * CUBIC : 0;
    }

    private static void family(Definitions d, String name, Filter filter) {
        d.op(name + ".default(Tensor self, SymInt[] output_size, bool align_corners, float? scales_h=None, "
            + "float? scales_w=None) -> Tensor", (e, a) -> {
            List<Double> factors = new ArrayList<>();
            for (int i = 3; i < 5; i++) {
                factors.add(a.isNone(i) ? null : (Double) a.real(i));
            }
            return resampled(e, a, a.sizes(1), factors, filter);
        });
        d.op(name + ".vec(Tensor input, SymInt[]? output_size, bool align_corners, float[]? scale_factors) -> Tensor",
            (e, a) -> {
                if (a.isNone(1) == a.isNone(3)) {
                    throw a.error("either output_size or scale_factors must be given");
                }
                if (!a.isNone(1)) {
                    return resampled(e, a, a.sizes(1), List.of(), filter);
                }
                List<Double> factors = ((Arg.Reals) a.arg(3)).values();
                List<SymInt> sizes = new ArrayList<>();
                for (int i = 0; i < 2; i++) {
                    sizes.add(SymInt.of((long) (a.shapes().specialize(a.tensor(0).size(2 + i)) * factors.get(i))));
                }
                return resampled(e, a, sizes, factors, filter);
            });
    }

    private static Arg.Ref resampled(Emit e, OpArgs a, List<SymInt> out, List<Double> factors, Filter filter) {
        if (!a.tensor(0).dtype().isFloating() || a.tensor(0).rank() != 4 || out.size() != 2) {
            throw new KilnException.Unsupported(a.schema().name() + " is supported for floating images [N, C, H, W], got "
                + a.tensor(0));
        }
        Arg.Ref x = e.compute(Emit.ref(a, 0));
        Arg.Ref across = weights(e, a, 3, out.get(1), factors.isEmpty() ? null : factors.get(1), filter);
        Arg.Ref rows = e.call("matmul.default", x, e.call("t.default", across));
        Arg.Ref down = weights(e, a, 2, out.get(0), factors.isEmpty() ? null : factors.get(0), filter);
        return e.cast(e.call("matmul.default", down, rows), a.tensor(0).dtype());
    }

    /** [out, in]: what each element of the result takes of each element of the input. */
    private static Arg.Ref weights(Emit e, OpArgs a, int dim, SymInt outSize, Double factor, Filter filter) {
        int in = Math.toIntExact(a.shapes().specialize(a.tensor(0).size(dim)));
        int out = Math.toIntExact(a.shapes().specialize(outSize));
        if (out < 1 || in < 1) {
            throw a.error("sizes must not be empty, they are " + in + " and " + out);
        }
        double scale = scale(in, out, factor, a.bool(2));
        DType dtype = a.tensor(0).dtype() == DType.F64 ? DType.F64 : DType.F32;
        ConstantValue weights = ConstantValue.allocate(dtype, List.of((long) out, (long) in));
        double stretch = Math.max(scale, 1);
        double reach = filter.reach * stretch;
        for (int i = 0; i < out; i++) {
            double centre = scale * (i + 0.5);
            int from = Math.max(0, (int) (centre - reach + 0.5));
            int to = Math.min(in, (int) (centre + reach + 0.5));
            double sum = 0;
            for (int j = from; j < to; j++) {
                sum += filter.weight.applyAsDouble((j - centre + 0.5) / stretch);
            }
            for (int j = from; j < to; j++) {
                double own = filter.weight.applyAsDouble((j - centre + 0.5) / stretch);
                weights.set((long) i * in + j, sum == 0 ? own : own / sum);
            }
        }
        return e.g().constant("resampling", weights);
    }

    private static double scale(int in, int out, Double factor, boolean corners) {
        if (corners) {
            return out > 1 ? (double) (in - 1) / (out - 1) : 0;
        }
        return factor != null && factor > 0 ? 1 / factor : (double) in / out;
    }
}
