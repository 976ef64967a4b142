package dev.kiln.ops.interpreter;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.scalar.Storage;
import java.util.Arrays;
import java.util.TreeSet;

/** Folds dimensions one element after the other: floating sums in double, integers in 64 bits. */
final class ReductionKernel {
    private ReductionKernel() {
    }

    static ConstantValue run(Frame frame) {
        ConstantValue self = frame.value(0);
        ConstantValue out = frame.allocate(0);
        return switch (frame.op().packet()) {
            case "sum" -> fold(frame, self, out, 0, Double::sum, Long::sum);
            case "mean" -> mean(frame, self, out);
            case "prod" -> fold(frame, self, out, 1, (a, b) -> a * b, (a, b) -> a * b);
            case "amax" -> fold(frame, self, out, lowest(self.dtype()), Math::max, Math::max);
            case "amin" -> fold(frame, self, out, highest(self.dtype()), Math::min, Math::min);
            case "any" -> truth(frame, self, out, false);
            case "all" -> truth(frame, self, out, true);
            case "argmax" -> extreme(frame, self, out, true);
            case "argmin" -> extreme(frame, self, out, false);
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

    private static ConstantValue fold(Frame frame, ConstantValue self, ConstantValue out, double start,
            RealFold real, IntegerFold integer) {
        int cells = Math.toIntExact(out.numel());
        long[] strides = strides(frame, self);
        if (out.dtype().isFloating()) {
            double[] sums = new double[cells];
            Arrays.fill(sums, start);
            Walk.over(Frame.sizes(self), (i, at) -> {
                sums[(int) at[0]] = real.apply(sums[(int) at[0]],
                    Storage.round(self.doubleAt(i), out.dtype()));
            }, strides);
            for (int i = 0; i < cells; i++) {
                out.set(i, sums[i]);
            }
            return out;
        }
        long[] sums = new long[cells];
        Arrays.fill(sums, (long) start);
        Walk.over(Frame.sizes(self), (i, at) -> {
            sums[(int) at[0]] = integer.apply(sums[(int) at[0]],
                ScalarEvaluator.wrap(self.longAt(i), out.dtype()));
        }, strides);
        for (int i = 0; i < cells; i++) {
            out.set(i, sums[i]);
        }
        return out;
    }

    /** Strides into the output, 0 along the folded dimensions. */
    private static long[] strides(Frame frame, ConstantValue self) {
        int rank = self.sizes().size();
        TreeSet<Integer> dims = dims(frame, rank);
        long[] kept = Frame.sizes(self);
        dims.forEach(d -> kept[d] = 1);
        long[] strides = Walk.contiguous(kept);
        dims.forEach(d -> strides[d] = 0);
        return strides;
    }

    private static TreeSet<Integer> dims(Frame frame, int rank) {
        TreeSet<Integer> dims = new TreeSet<>();
        long[] listed = switch (frame.args().arg(1)) {
            case Arg.Int(var dim) -> new long[] {dim.asLong()};
            case Arg.Ints(var values) -> Frame.constants(values);
            default -> new long[0];
        };
        for (int d = 0; d < rank; d++) {
            if (listed.length == 0) {
                dims.add(d);
            }
        }
        for (long dim : listed) {
            if (rank > 0) {
                dims.add(frame.args().wrapDim(dim, rank));
            }
        }
        return dims;
    }

    private static ConstantValue mean(Frame frame, ConstantValue self, ConstantValue out) {
        int rank = self.sizes().size();
        long count = dims(frame, rank).stream().mapToLong(self.sizes()::get).reduce(1, (a, b) -> a * b);
        ConstantValue sums = ConstantValue.allocate(DType.F64, out.sizes());
        fold(frame, self, sums, 0, Double::sum, Long::sum);
        for (long i = 0; i < out.numel(); i++) {
            out.set(i, sums.doubleAt(i) / count);
        }
        return out;
    }

    private static ConstantValue truth(Frame frame, ConstantValue self, ConstantValue out, boolean all) {
        for (long i = 0; i < out.numel(); i++) {
            out.set(i, all ? 1L : 0L);
        }
        Walk.over(Frame.sizes(self), (i, at) -> {
            if ((self.doubleAt(i) != 0) != all) {
                out.set(at[0], all ? 0L : 1L);
            }
        }, strides(frame, self));
        return out;
    }

    /** The place of the first largest (smallest) element; NaN beats every number. */
    private static ConstantValue extreme(Frame frame, ConstantValue self, ConstantValue out,
        boolean largest) {
        if (self.numel() == 0 && out.numel() > 0) {
            throw frame.args().error("an empty tensor has no extreme");
        }
        long[] sizes = Frame.sizes(self);
        long[] places = frame.args().isNone(1) ? Walk.contiguous(sizes) : new long[sizes.length];
        if (!frame.args().isNone(1) && sizes.length > 0) {
            places[frame.args().dim(1, sizes.length)] = 1;
        }
        long[] best = new long[Math.toIntExact(out.numel())];
        Arrays.fill(best, -1);
        Walk.over(sizes, (i, at) -> {
            int cell = (int) at[0];
            if (best[cell] < 0 || beats(self, i, best[cell], largest)) {
                best[cell] = i;
                out.set(cell, at[1]);
            }
        }, strides(frame, self), places);
        return out;
    }

    private static boolean beats(ConstantValue self, long a, long b, boolean largest) {
        if (self.dtype().isFloating()) {
            double x = self.doubleAt(a);
            double y = self.doubleAt(b);
            return !Double.isNaN(y) && (Double.isNaN(x) || (largest ? x > y : x < y));
        }
        return largest ? self.longAt(a) > self.longAt(b) : self.longAt(a) < self.longAt(b);
    }

    private static double lowest(DType dtype) {
        return dtype.isFloating() ? Double.NEGATIVE_INFINITY : dtype == DType.BOOL ? 0 : Long.MIN_VALUE;
    }

    private static double highest(DType dtype) {
        return dtype.isFloating() ? Double.POSITIVE_INFINITY : dtype == DType.BOOL ? 1 : Long.MAX_VALUE;
    }
}
