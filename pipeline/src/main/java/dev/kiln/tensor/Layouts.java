package dev.kiln.tensor;

import dev.kiln.ops.Device;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** What a trace sees of a tensor in memory. */
final class Layouts {
    private Layouts() {
    }

    /** With all sizes as they are. */
    static FakeTensor fixed(dev.kiln.kernels.runtime.Tensor tensor) {
        return of(tensor, symbols(tensor.shape()), symbols(tensor.strides()));
    }

    /**
     * With a symbol for each of the open dimensions. Strides follow from the sizes where the tensor lies dense in memory in
     * some order of its dimensions; else all its sizes are fixed.
     */
    static FakeTensor open(dev.kiln.kernels.runtime.Tensor tensor, Set<Integer> open, ShapeEnv shapes) {
        int rank = tensor.rank();
        List<Integer> order = new ArrayList<>(IntStream.range(0, rank).boxed().toList());
        order.sort((a, b) -> Long.compare(tensor.stride(b), tensor.stride(a)));
        if (open.isEmpty() || !tensor.isContiguous() && !isDense(tensor, order)) {
            return fixed(tensor);
        }
        List<SymInt> sizes = new ArrayList<>();
        for (int d = 0; d < rank; d++) {
            sizes.add(open.contains(d) ? shapes.size(tensor.size(d)) : SymInt.of(tensor.size(d)));
        }
        if (tensor.isContiguous()) {
            return FakeTensor.contiguous(tensor.dtype(), sizes);
        }
        SymInt[] strides = new SymInt[rank];
        SymInt stride = SymInt.ONE;
        for (int d : order.reversed()) {
            strides[d] = stride;
            stride = stride.times(sizes.get(d));
        }
        return of(tensor, sizes, List.of(strides));
    }

    private static boolean isDense(dev.kiln.kernels.runtime.Tensor tensor, List<Integer> order) {
        long stride = 1;
        for (int d : order.reversed()) {
            if (tensor.stride(d) != stride) {
                return false;
            }
            stride *= tensor.size(d);
        }
        return true;
    }

    private static List<SymInt> symbols(long[] values) {
        return Arrays.stream(values).mapToObj(SymInt::of).toList();
    }

    private static FakeTensor of(dev.kiln.kernels.runtime.Tensor tensor, List<SymInt> sizes, List<SymInt> strides) {
        return new FakeTensor(tensor.dtype(), sizes, strides, SymInt.ZERO, Device.CPU);
    }
}
