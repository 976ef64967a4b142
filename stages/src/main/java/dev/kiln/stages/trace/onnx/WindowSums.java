package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Sums over windows of [N, C, spatial..], for poolings that have no op: a convolution with ones, channel by channel. */
final class WindowSums {
    private WindowSums() {
    }

    /**
     * @param ceil whether a last window that is cut off counts, if it starts before the padding behind the image
     * @param padding what the padding holds
     */
    static Arg.Ref of(NodeImport n, Arg.Ref x, WindowSpec spec, boolean ceil, double padding) {
        int dims = spec.kernel().size();
        List<SymInt> sizes = n.type(x).sizes();
        List<SymInt> more = new ArrayList<>();
        List<SymInt> result = new ArrayList<>(sizes.subList(0, 2));
        for (int d = 0; d < dims; d++) {
            SymInt stride = spec.strides().get(d);
            SymInt span = WindowSpec.span(spec.kernel().get(d), spec.dilations().get(d));
            SymInt whole = sizes.get(d + 2).plus(spec.before().get(d)).plus(spec.after().get(d));
            SymInt count = whole.minus(span).plus(ceil ? stride.plus(-1) : SymInt.ZERO).floorDiv(stride).plus(1);
            boolean beyond = ceil && !n.shapes().less(count.plus(-1).times(stride),
                sizes.get(d + 2).plus(spec.before().get(d)));
            result.add(beyond ? count.plus(-1) : count);
            more.add(ceil ? stride.plus(-1) : SymInt.ZERO);
        }
        List<SymInt> none = Collections.nCopies(dims, SymInt.ZERO);
        Arg.Ref padded = n.call("aten.constant_pad_nd.default", x, WindowSpec.pairs(spec.before(), spec.after()),
            padding);
        padded = n.call("aten.constant_pad_nd.default", padded, WindowSpec.pairs(none, more), 0);
        List<SymInt> planes = new ArrayList<>(n.type(padded).sizes());
        planes.set(0, sizes.get(0).times(sizes.get(1)));
        planes.set(1, SymInt.ONE);
        List<SymInt> kernel = new ArrayList<>(List.of(SymInt.ONE, SymInt.ONE));
        kernel.addAll(spec.kernel());
        Arg.Ref ones = n.call("aten.full.default", kernel, 1, n.dtype(x));
        Arg.Ref sums = n.call("aten.convolution.default", n.reshape(padded, planes), ones, null, spec.strides(), none,
            spec.dilations(), false, none, 1);
        for (int d = 0; d < dims; d++) {
            sums = n.type(sums).size(d + 2).equals(result.get(d + 2)) ? sums
                : n.call("aten.slice.Tensor", sums, d + 2, 0, result.get(d + 2));
        }
        return n.reshape(sums, result);
    }
}
