package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.BiFunction;

/**
 * Upsampling, dimension by dimension: each place of the result is a weighted sum of one (nearest), two (linear) or four
 * (cubic) places of the input, whose indices and weights are vectors computed from the sizes.
 */
final class Resampling {
    /** Between which places of a dimension to mix, and with which weights (null: one place, taken as it is). */
    record Mix(List<Arg.Ref> indices, List<Arg.Ref> weights) {
    }

    /** One dimension's question. */
    record Axis(SymInt in, SymInt out, Double factor, boolean alignCorners) {
    }

    static final double CUBIC = -0.75;

    private Resampling() {
    }

    static void define(Definitions d) {
        String[] scales = {"float? scales=None", "float? scales_h=None, float? scales_w=None",
            "float? scales_d=None, float? scales_h=None, float? scales_w=None"};
        for (int dims = 1; dims <= 3; dims++) {
            family(d, "upsample_nearest" + dims + "d", dims, scales[dims - 1], false, (e, x) -> nearest(e, x, 0));
            family(d, "_upsample_nearest_exact" + dims + "d", dims, scales[dims - 1], false,
                (e, x) -> nearest(e, x, 0.5));
        }
        family(d, "upsample_linear1d", 1, scales[0], true, Resampling::linear);
        family(d, "upsample_bilinear2d", 2, scales[1], true, Resampling::linear);
        family(d, "upsample_trilinear3d", 3, scales[2], true, Resampling::linear);
        family(d, "upsample_bicubic2d", 2, scales[1], true, Resampling::cubic);
    }

    private static void family(Definitions d, String name, int dims, String scales, boolean corners,
            BiFunction<Precision, Axis, Mix> mix) {
        String align = corners ? "bool align_corners, " : "";
        d.op(name + ".default(Tensor self, SymInt[] output_size, " + align + scales + ") -> Tensor", (e, a) -> {
            List<Double> factors = new ArrayList<>();
            for (int i = 0; i < dims; i++) {
                int position = 2 + (corners ? 1 : 0) + i;
                factors.add(a.isNone(position) ? null : (Double) a.real(position));
            }
            return resample(e, a, a.sizes(1), factors, corners && a.bool(2), mix);
        });
        d.op(name + ".vec(Tensor input, SymInt[]? output_size, " + align + "float[]? scale_factors) -> Tensor",
            (e, a) -> {
                int position = corners ? 3 : 2;
                List<Double> factors = a.isNone(position) ? Collections.nCopies(dims, null)
                    : ((Arg.Reals) a.arg(position)).values();
                if (a.isNone(1) == a.isNone(position)) {
                    throw a.error("either output_size or scale_factors must be given");
                }
                List<SymInt> out = a.isNone(1) ? grown(a, dims, factors) : a.sizes(1);
                return resample(e, a, out, factors, corners && a.bool(2), mix);
            });
    }

    /** floor(size * factor), which stays symbolic if the factor is an integer or one over an integer. */
    private static List<SymInt> grown(OpArgs a, int dims, List<Double> factors) {
        List<SymInt> out = new ArrayList<>();
        for (int d = 0; d < dims; d++) {
            SymInt size = a.tensor(0).size(a.tensor(0).rank() - dims + d);
            double factor = factors.get(d);
            if (factor == Math.rint(factor)) {
                out.add(size.times((long) factor));
            } else if (1 / factor == Math.rint(1 / factor)) {
                out.add(size.floorDiv(SymInt.of((long) (1 / factor))));
            } else {
                out.add(SymInt.of((long) (a.shapes().specialize(size) * factor)));
            }
        }
        return out;
    }

    private static Arg.Ref resample(Emit e, OpArgs a, List<SymInt> out, List<Double> factors, boolean corners,
            BiFunction<Precision, Axis, Mix> mix) {
        FakeTensor self = a.tensor(0);
        int lead = self.rank() - out.size();
        if (lead != 2 || factors.size() != out.size()) {
            throw a.error("a tensor [N, C, spatial..] with " + out.size() + " spatial dimensions expected, got " + self);
        }
        Precision precision = new Precision(e, self.dtype() == DType.F64 ? DType.F64 : DType.F32);
        Arg.Ref x = Emit.ref(a, 0);
        for (int d = out.size() - 1; d >= 0; d--) {
            if (a.shapes().less(out.get(d), SymInt.ONE)) {
                throw a.error("the result must not be empty, its sizes are " + out);
            }
            Axis axis = new Axis(self.size(lead + d), out.get(d), factors.get(d), corners);
            x = mixed(e, a, x, lead + d, mix.apply(precision, axis));
        }
        return e.cast(x, self.dtype());
    }

    private static Arg.Ref mixed(Emit e, OpArgs a, Arg.Ref x, int dim, Mix mix) {
        if (mix.weights() == null) {
            return e.call("index_select.default", x, dim, mix.indices().getFirst());
        }
        if (!e.dtype(x).isFloating()) {
            throw a.error("a floating dtype expected, got " + e.dtype(x));
        }
        Arg.Ref source = e.compute(x);
        List<SymInt> shape = new ArrayList<>(Collections.nCopies(e.rank(x), SymInt.ONE));
        shape.set(dim, e.tensor(mix.indices().getFirst()).size(0));
        Arg.Ref sum = null;
        for (int i = 0; i < mix.indices().size(); i++) {
            Arg.Ref term = e.mul(e.call("index_select.default", source, dim, mix.indices().get(i)),
                e.view(mix.weights().get(i), shape));
            sum = sum == null ? term : e.add(sum, term);
        }
        return sum;
    }

    /** Places and weights are computed in the dtype that libtorch takes. */
    record Precision(Emit e, DType dtype) {

        /** 0, 1, ... plus a shift. */
        Arg.Ref places(SymInt count, double shift) {
            Arg.Ref places = e.cast(e.call("arange.start_step", 0, count, 1), dtype);
            return shift == 0 ? places : e.add(places, shift);
        }

        /** x * numerator / denominator, the quotient rounded first. */
        Arg.Ref scaled(Arg.Ref x, SymInt numerator, SymInt denominator) {
            if (numerator.isConstant() && denominator.isConstant()) {
                double n = numerator.asLong();
                double ratio = dtype == DType.F64 ? n / denominator.asLong() : (float) n / (float) denominator.asLong();
                return e.mul(x, ratio);
            }
            return e.mul(x, e.div(e.number(numerator, dtype), e.number(denominator, dtype)));
        }

        /** From places of the result to places of the input. */
        Arg.Ref scaled(Arg.Ref x, Axis axis) {
            if (axis.factor() == null || axis.factor() <= 0) {
                return scaled(x, axis.in(), axis.out());
            }
            double inverse = 1 / axis.factor();
            return e.mul(x, dtype == DType.F64 ? inverse : (double) (float) inverse);
        }

        Arg.Ref index(Arg.Ref x, long shift, SymInt size) {
            Arg.Ref at = e.cast(x, DType.I64);
            return e.call("clamp.default", shift == 0 ? at : e.add(at, shift), 0, size.plus(-1));
        }

        Arg.Ref source(Axis axis) {
            if (axis.alignCorners()) {
                boolean single = axis.out().is(1);
                Arg.Ref places = places(axis.out(), 0);
                return single ? e.mul(places, 0.0)
                    : scaled(places, axis.in().plus(-1), axis.out().isConstant() ? axis.out().plus(-1)
                        : axis.out().plus(-1).max(SymInt.ONE));
            }
            return e.add(scaled(places(axis.out(), 0.5), axis), -0.5);
        }
    }

    /** libtorch finds the nearest place in f32 whatever the dtype is. */
    static Mix nearest(Precision p, Axis axis, double shift) {
        Precision single = new Precision(p.e(), DType.F32);
        Arg.Ref at = p.e().unary("floor", single.scaled(single.places(axis.out(), shift), axis));
        return new Mix(List.of(single.index(at, 0, axis.in())), null);
    }

    static Mix linear(Precision p, Axis axis) {
        Emit e = p.e();
        Arg.Ref source = axis.alignCorners() ? p.source(axis) : e.call("clamp_min.default", p.source(axis), 0.0);
        Arg.Ref low = e.unary("floor", source);
        Arg.Ref weight = e.call("clamp.default", e.sub(source, low), 0.0, 1.0);
        return new Mix(List.of(p.index(low, 0, axis.in()), p.index(low, 1, axis.in())),
            List.of(e.add(e.unary("neg", weight), 1.0), weight));
    }

    static Mix cubic(Precision p, Axis axis) {
        Emit e = p.e();
        Arg.Ref source = p.source(axis);
        Arg.Ref low = e.unary("floor", source);
        Arg.Ref t = e.sub(source, low);
        return new Mix(java.util.stream.LongStream.range(-1, 3).mapToObj(i -> p.index(low, i, axis.in())).toList(),
            cubicWeights(e, t, CUBIC));
    }

    /** Keys' kernel at distances 1 + t, t, 1 - t, 2 - t. */
    static List<Arg.Ref> cubicWeights(Emit e, Arg.Ref t, double a) {
        Arg.Ref rest = e.add(e.unary("neg", t), 1.0);
        return List.of(outer(e, e.add(t, 1.0), a), inner(e, t, a), inner(e, rest, a), outer(e, e.add(rest, 1.0), a));
    }

    /** ((a + 2) x - (a + 3)) x^2 + 1. */
    private static Arg.Ref inner(Emit e, Arg.Ref x, double a) {
        Arg.Ref linear = e.add(e.mul(x, a + 2), -(a + 3));
        return e.add(e.mul(e.mul(linear, x), x), 1.0);
    }

    /** ((a x - 5 a) x + 8 a) x - 4 a. */
    private static Arg.Ref outer(Emit e, Arg.Ref x, double a) {
        Arg.Ref quadratic = e.add(e.mul(e.add(e.mul(x, a), -5 * a), x), 8 * a);
        return e.add(e.mul(quadratic, x), -4 * a);
    }
}
