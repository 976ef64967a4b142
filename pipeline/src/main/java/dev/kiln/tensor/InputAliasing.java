package dev.kiln.tensor;

import dev.kiln.kernels.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * Which inputs share memory. A function that changes inputs is traced for the way they do.
 *
 * @param same for each input the first one that is the same tensor: itself, if none before it is
 * @param overlaps pairs of inputs that share memory, but are not the same tensor
 */
public record InputAliasing(List<Integer> same, List<Pair> overlaps) {
    /** Tensors with more elements whose memory interleaves are taken to overlap. */
    private static final int MAX_COMPARED = 1 << 16;

    /** Two inputs by their index, the lower one first. */
    public record Pair(int first, int second) {
    }

    public InputAliasing {
        same = List.copyOf(same);
        overlaps = List.copyOf(overlaps);
    }

    public static InputAliasing of(List<Tensor> inputs) {
        List<Integer> same = new ArrayList<>();
        List<Pair> overlaps = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            int first = i;
            for (int j = i - 1; j >= 0; j--) {
                if (isSame(inputs.get(i), inputs.get(j))) {
                    first = j;
                } else if (overlap(inputs.get(i), inputs.get(j))) {
                    overlaps.add(new Pair(j, i));
                }
            }
            same.add(first);
        }
        return new InputAliasing(same, overlaps);
    }

    private static boolean isSame(Tensor a, Tensor b) {
        return a.numel() > 0 && a.data().address() == b.data().address() && a.dtype() == b.dtype()
            && Arrays.equals(a.shape(), b.shape()) && Arrays.equals(a.strides(), b.strides());
    }

    private static boolean overlap(Tensor a, Tensor b) {
        if (a.numel() == 0 || b.numel() == 0 || a.data().address() >= end(b) || b.data().address() >= end(a)) {
            return false;
        }
        boolean small = a.numel() <= MAX_COMPARED && b.numel() <= MAX_COMPARED && a.dtype() == b.dtype();
        Set<Long> taken = small ? Arrays.stream(places(b)).boxed().collect(Collectors.toSet()) : Set.of();
        return !small || Arrays.stream(places(a)).anyMatch(taken::contains);
    }

    private static long end(Tensor tensor) {
        long last = 0;
        for (int d = 0; d < tensor.rank(); d++) {
            last += (tensor.size(d) - 1) * tensor.stride(d);
        }
        return tensor.data().address() + (last + 1) * tensor.dtype().bytes();
    }

    /** The addresses of all elements. */
    private static long[] places(Tensor tensor) {
        long[] places = {tensor.data().address()};
        for (int d = 0; d < tensor.rank(); d++) {
            long step = tensor.stride(d) * tensor.dtype().bytes();
            long size = tensor.size(d);
            places = Arrays.stream(places).flatMap(p -> LongStream.range(0, size).map(i -> p + i * step)).toArray();
        }
        return places;
    }
}
