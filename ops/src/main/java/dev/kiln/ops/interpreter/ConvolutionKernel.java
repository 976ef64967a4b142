package dev.kiln.ops.interpreter;

import dev.kiln.ops.aten.ConvolutionSpec;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/**
 * Convolution by its definition: every pair of an input place and a kernel place adds to one output place. Floating
 * sums in double, integers in 64 bits.
 */
final class ConvolutionKernel {
    private final ConvolutionSpec spec;
    private final ConstantValue input;
    private final ConstantValue weight;
    private final ConstantValue out;
    private final long[] inSizes;
    private final long[] outSizes;
    private final long[] kernel;
    private final double[] reals;
    private final long[] integers;

    private ConvolutionKernel(Frame frame) {
        spec = ConvolutionSpec.of(frame.args());
        input = frame.value(0);
        weight = frame.value(1);
        out = frame.allocate(0);
        inSizes = Frame.sizes(input);
        outSizes = Frame.sizes(out);
        kernel = Frame.sizes(weight);
        int count = Math.toIntExact(out.numel());
        reals = new double[out.dtype().isFloating() ? count : 0];
        integers = new long[out.dtype().isFloating() ? 0 : count];
    }

    static ConstantValue run(Frame frame) {
        ConvolutionKernel kernel = new ConvolutionKernel(frame);
        if (kernel.spec.transposed()) {
            kernel.scatter();
        } else {
            kernel.gather();
        }
        return kernel.result(frame.args().isNone(2) ? null : frame.value(2));
    }

    /** Each output place takes its window. */
    private void gather() {
        long perGroup = kernel[0] / spec.groups();
        Walk.over(outSizes, (at, places) -> {
            long[] place = position(at, outSizes);
            Walk.over(tail(kernel, 1), (tap, none) -> {
                long[] k = position(tap, tail(kernel, 1));
                long[] from = place.clone();
                from[1] = place[1] / perGroup * kernel[1] + k[0];
                boolean inside = true;
                for (int d = 0; d < spec.dims(); d++) {
                    from[d + 2] = place[d + 2] * number(spec.stride(), d) - number(spec.padding(), d)
                        + k[d + 1] * number(spec.dilation(), d);
                    inside &= from[d + 2] >= 0 && from[d + 2] < inSizes[d + 2];
                }
                if (inside) {
                    add(at, index(from, inSizes), place[1] * size(tail(kernel, 1)) + tap);
                }
            });
        });
    }

    /** Each input place adds its multiple of the kernel. */
    private void scatter() {
        long perGroup = kernel[0] / spec.groups();
        Walk.over(inSizes, (at, places) -> {
            long[] place = position(at, inSizes);
            Walk.over(tail(kernel, 1), (tap, none) -> {
                long[] k = position(tap, tail(kernel, 1));
                long[] to = place.clone();
                to[1] = place[1] / perGroup * kernel[1] + k[0];
                boolean inside = true;
                for (int d = 0; d < spec.dims(); d++) {
                    to[d + 2] = place[d + 2] * number(spec.stride(), d) - number(spec.padding(), d)
                        + k[d + 1] * number(spec.dilation(), d);
                    inside &= to[d + 2] >= 0 && to[d + 2] < outSizes[d + 2];
                }
                if (inside) {
                    add(index(to, outSizes), at, place[1] * size(tail(kernel, 1)) + tap);
                }
            });
        });
    }

    private void add(long to, long from, long tap) {
        if (out.dtype().isFloating()) {
            reals[(int) to] += input.doubleAt(from) * weight.doubleAt(tap);
        } else {
            integers[(int) to] += input.longAt(from) * weight.longAt(tap);
        }
    }

    private ConstantValue result(ConstantValue bias) {
        long inner = size(tail(outSizes, 2));
        for (long i = 0; i < out.numel(); i++) {
            long channel = i / inner % outSizes[1];
            if (out.dtype().isFloating()) {
                out.set(i, reals[(int) i] + (bias == null ? 0 : bias.doubleAt(channel)));
            } else {
                out.set(i, integers[(int) i] + (bias == null ? 0 : bias.longAt(channel)));
            }
        }
        return out;
    }

    private static long number(List<SymInt> numbers, int d) {
        return numbers.get(d).asLong();
    }

    private static long[] tail(long[] sizes, int from) {
        return java.util.Arrays.copyOfRange(sizes, from, sizes.length);
    }

    private static long size(long[] sizes) {
        long size = 1;
        for (long s : sizes) {
            size *= s;
        }
        return size;
    }

    private static long[] position(long index, long[] sizes) {
        long[] position = new long[sizes.length];
        long rest = index;
        for (int d = sizes.length - 1; d >= 0; d--) {
            position[d] = rest % sizes[d];
            rest /= sizes[d];
        }
        return position;
    }

    private static long index(long[] position, long[] sizes) {
        long index = 0;
        for (int d = 0; d < sizes.length; d++) {
            index = index * sizes[d] + position[d];
        }
        return index;
    }
}
