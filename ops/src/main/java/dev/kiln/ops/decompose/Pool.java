package dev.kiln.ops.decompose;

import dev.kiln.ops.aten.ConvolutionSpec;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/**
 * How a pooling's windows lie, one entry a spatial dimension.
 *
 * @param image the spatial sizes of the input
 * @param after padding behind the image that all windows need, more than in front if the last one is cut off
 */
record Pool(List<SymInt> image, long[] kernel, List<SymInt> stride, List<SymInt> padding, List<SymInt> after,
        List<SymInt> dilation, List<SymInt> windows) {

    /** @param dilation the argument's position, or -1 if the op has none */
    static Pool of(OpArgs a, FakeTensor self, int dims, int kernel, int dilation, boolean ceil) {
        int lead = self.rank() - dims;
        if (lead < 1 || lead > 2) {
            throw a.error("a tensor [C, spatial..] or [N, C, spatial..] expected, got " + self);
        }
        List<SymInt> image = self.sizes().subList(lead, self.rank());
        List<SymInt> sizes = ConvolutionSpec.each(a, kernel, dims);
        long[] window = sizes.stream().mapToLong(a.shapes()::specialize).toArray();
        List<SymInt> stride = a.sizes(kernel + 1).isEmpty() ? sizes : ConvolutionSpec.each(a, kernel + 1, dims);
        List<SymInt> padding = ConvolutionSpec.each(a, kernel + 2, dims);
        List<SymInt> spread = dilation < 0 ? java.util.Collections.nCopies(dims, SymInt.ONE)
            : ConvolutionSpec.each(a, dilation, dims);
        List<SymInt> windows = new ArrayList<>();
        List<SymInt> after = new ArrayList<>();
        for (int d = 0; d < dims; d++) {
            SymInt pad = padding.get(d);
            if (window[d] < 1 || a.shapes().less(stride.get(d), SymInt.ONE) || a.shapes().less(pad, SymInt.ZERO)
                    || a.shapes().less(SymInt.of(window[d] / 2), pad)) {
                throw a.error("kernel and stride must be positive, the padding at most half of the kernel; got "
                    + sizes + ", " + stride + ", " + padding);
            }
            windows.add(count(a, image.get(d), window[d], stride.get(d), pad, spread.get(d), ceil));
            after.add(ceil ? pad.plus(stride.get(d)).plus(-1) : pad);
            if (a.shapes().less(windows.get(d), SymInt.ONE)) {
                throw a.error("the window " + sizes + " does not fit the image " + image);
            }
        }
        return new Pool(image, window, stride, padding, after, spread, windows);
    }

    /** With {@code ceil} a last window that is cut off counts, if it starts inside the image or its padding before. */
    private static SymInt count(OpArgs a, SymInt size, long kernel, SymInt stride, SymInt padding, SymInt dilation,
            boolean ceil) {
        SymInt whole = ConvolutionSpec.windows(size.plus(ceil ? stride.plus(-1) : SymInt.ZERO), SymInt.of(kernel),
            stride, padding, dilation);
        boolean beyond = ceil && !a.shapes().less(whole.plus(-1).times(stride), size.plus(padding));
        return beyond ? whole.plus(-1) : whole;
    }

    int dims() {
        return kernel.length;
    }

    List<SymInt> sizes(FakeTensor self) {
        List<SymInt> sizes = new ArrayList<>(self.sizes().subList(0, self.rank() - dims()));
        sizes.addAll(windows);
        return sizes;
    }

    long places() {
        return java.util.Arrays.stream(kernel).reduce(1, Math::multiplyExact);
    }

    boolean isPadded() {
        return !padding.stream().allMatch(p -> p.is(0));
    }
}
