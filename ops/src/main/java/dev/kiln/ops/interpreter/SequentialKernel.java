package dev.kiln.ops.interpreter;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.ComplexOps;
import dev.kiln.ops.aten.DetectionOps;
import dev.kiln.ops.aten.RecurrentOps;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.scalar.Storage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Running folds, sorting and writes by index, one line along the dimension after the other. */
final class SequentialKernel {
    private SequentialKernel() {
    }

    static List<ConstantValue> run(Frame frame) {
        return switch (frame.op().name()) {
            case "aten.cumsum.default" -> List.of(fold(frame, 0, Double::sum, Long::sum));
            case "aten.cumprod.default" -> List.of(fold(frame, 1, (a, b) -> a * b, (a, b) -> a * b));
            case "aten.logcumsumexp.default" ->
                List.of(fold(frame, Double.NEGATIVE_INFINITY, SequentialKernel::logAddExp, Long::sum));
            case "aten.cummax.default" -> extremes(frame, true);
            case "aten.cummin.default" -> extremes(frame, false);
            case "aten.sort.stable" -> sorted(frame, 2, frame.args().bool(3));
            case "aten.topk.default" -> sorted(frame, 2, frame.args().bool(3));
            case ComplexOps.TRANSFORM, ComplexOps.OF_REALS, ComplexOps.TO_REALS -> List.of(FourierKernel.run(frame));
            case "aten.scatter.src" -> List.of(scatter(frame, "replace"));
            case "aten.scatter.reduce" -> List.of(scatter(frame, frame.args().string(4)));
            case RecurrentOps.RECURRENT -> List.of(RecurrentKernel.run(frame));
            case DetectionOps.SUPPRESS -> List.of(SuppressionKernel.run(frame));
            default -> throw new IllegalStateException("no reference kernel for " + frame.op());
        };
    }

    @FunctionalInterface
    private interface RealFold {
        double apply(double accumulated, double element);
    }

    @FunctionalInterface
    private interface IntegerFold {
        long apply(long accumulated, long element);
    }

    @FunctionalInterface
    private interface Line {
        /** @param start offset of the line's first element in each tensor */
        void at(long[] start);
    }

    /** Every line along the dimension; without dimensions a single one of length 1. */
    private static void lines(long[] sizes, int dim, Line line, long[]... strides) {
        long[] others = sizes.clone();
        if (others.length > 0) {
            others[dim] = 1;
        }
        Walk.over(others, (index, offsets) -> line.at(offsets), strides);
    }

    private static long stride(long[] strides, int dim) {
        return strides.length == 0 ? 1 : strides[dim];
    }

    private static ConstantValue fold(Frame frame, double start, RealFold real, IntegerFold integer) {
        ConstantValue self = frame.value(0);
        ConstantValue out = frame.allocate(0);
        long[] sizes = Frame.sizes(self);
        int dim = frame.args().dim(1, sizes.length);
        long[] strides = Walk.contiguous(sizes);
        long count = sizes.length == 0 ? 1 : sizes[dim];
        DType dtype = out.dtype();
        lines(sizes, dim, at -> {
            double sum = start;
            long whole = (long) start;
            for (long i = 0; i < count; i++) {
                long place = at[0] + i * stride(strides, dim);
                if (dtype.isFloating()) {
                    sum = real.apply(sum, Storage.round(self.doubleAt(place), dtype));
                    out.set(place, sum);
                } else {
                    whole = integer.apply(whole, ScalarEvaluator.wrap(self.longAt(place), dtype));
                    out.set(place, whole);
                }
            }
        }, strides);
        return out;
    }

    private static double logAddExp(double a, double b) {
        double top = Math.max(a, b);
        return Double.isInfinite(top) || Double.isNaN(top) ? top
            : top + Math.log1p(Math.exp(Math.min(a, b) - top));
    }

    /** Of equal elements the last counts, and once a NaN has been seen only NaNs do. */
    private static List<ConstantValue> extremes(Frame frame, boolean largest) {
        ConstantValue self = frame.value(0);
        ConstantValue values = frame.allocate(0);
        ConstantValue places = frame.allocate(1);
        long[] sizes = Frame.sizes(self);
        int dim = frame.args().dim(1, sizes.length);
        long[] strides = Walk.contiguous(sizes);
        long count = sizes.length == 0 ? 1 : sizes[dim];
        Comparator<Long> order = order(self, !largest);
        lines(sizes, dim, at -> {
            long best = 0;
            for (long i = 0; i < count; i++) {
                long place = at[0] + i * stride(strides, dim);
                long held = at[0] + best * stride(strides, dim);
                boolean nan = Double.isNaN(self.doubleAt(place)) && self.dtype().isFloating();
                boolean heldNan = Double.isNaN(self.doubleAt(held)) && self.dtype().isFloating();
                best = nan || !heldNan && order.compare(place, held) >= 0 ? i : best;
                ViewKernel.copy(self, at[0] + best * stride(strides, dim), values, place);
                places.set(place, best);
            }
        }, strides);
        return List.of(values, places);
    }

    /** Elements by value; NaN is above every number, and -0 equals 0. */
    private static Comparator<Long> order(ConstantValue self, boolean descending) {
        Comparator<Long> order = self.dtype().isFloating()
            ? Comparator.comparingDouble(i -> self.doubleAt(i) + 0.0)
            : self.dtype() == DType.U64 ? (i, j) -> Long.compareUnsigned(self.longAt(i), self.longAt(j))
            : Comparator.comparingLong(self::longAt);
        return descending ? order.reversed() : order;
    }

    private static List<ConstantValue> sorted(Frame frame, int dimPosition, boolean descending) {
        ConstantValue self = frame.value(0);
        ConstantValue values = frame.allocate(0);
        ConstantValue places = frame.allocate(1);
        long[] sizes = Frame.sizes(self);
        int dim = frame.args().dim(dimPosition, sizes.length);
        long[] strides = Walk.contiguous(sizes);
        long[] into = Walk.contiguous(Frame.sizes(values));
        long count = sizes.length == 0 ? 1 : sizes[dim];
        long kept = sizes.length == 0 ? values.numel() : values.sizes().get(dim);
        Comparator<Long> order = order(self, descending);
        lines(sizes, dim, at -> {
            List<Long> line = new ArrayList<>();
            for (long i = 0; i < count; i++) {
                line.add(at[0] + i * stride(strides, dim));
            }
            line.sort(order);
            for (int i = 0; i < kept; i++) {
                long place = at[1] + i * stride(into, dim);
                ViewKernel.copy(self, line.get(i), values, place);
                places.set(place, (line.get(i) - at[0]) / stride(strides, dim));
            }
        }, strides, into);
        return List.of(values, places);
    }

    private static ConstantValue scatter(Frame frame, String reduce) {
        ConstantValue self = frame.value(0);
        ConstantValue index = frame.value(2);
        ConstantValue source = frame.value(3);
        ConstantValue out = frame.allocate(0);
        out.data().copyFrom(self.data());
        long[] sizes = Frame.sizes(index);
        if (index.numel() == 0) {
            return out;
        }
        int dim = frame.args().dim(1, self.sizes().size());
        long[] own = self.sizes().isEmpty() ? new long[] {1} : Frame.sizes(self);
        long[] outer = Walk.contiguous(own).clone();
        long stride = outer[dim];
        outer[dim] = 0;
        long[] from = source.sizes().isEmpty() ? new long[sizes.length] : Walk.contiguous(Frame.sizes(source));
        long[] line = sizes.length == 0 ? new long[0] : outer;
        Walk.over(sizes, (i, at) -> {
            long wanted = index.longAt(i);
            long place = wanted < 0 ? wanted + own[dim] : wanted;
            if (place < 0 || place >= own[dim]) {
                throw frame.args().error("index " + wanted + " is out of range for size " + own[dim]);
            }
            write(out, at[0] + place * stride, source, at[1], reduce);
        }, line, from);
        return out;
    }

    private static void write(ConstantValue out, long at, ConstantValue source, long from, String reduce) {
        if (out.dtype().isFloating()) {
            double x = source.doubleAt(from);
            double old = out.doubleAt(at);
            out.set(at, switch (reduce) {
                case "add" -> old + x;
                case "multiply" -> old * x;
                case "amax" -> Math.max(old, x);
                case "amin" -> Math.min(old, x);
                default -> x;
            });
            return;
        }
        long x = source.longAt(from);
        long old = out.longAt(at);
        out.set(at, switch (reduce) {
            case "add" -> old + x;
            case "multiply" -> old * x;
            case "amax" -> Math.max(old, x);
            case "amin" -> Math.min(old, x);
            default -> x;
        });
    }
}
