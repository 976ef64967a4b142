package dev.kiln.tensor;

import dev.kiln.kernels.runtime.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
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

    @Override
    public boolean equals(Object other) {
        return other instanceof InputAliasing that && same.equals(that.same) && overlaps.equals(that.overlaps);
    }

    @Override
    public int hashCode() {
        return 31 * same.hashCode() + overlaps.hashCode();
    }

    public static InputAliasing of(List<Tensor> inputs) {
        Integer[] same = new Integer[inputs.size()];
        List<Pair> overlaps = new ArrayList<>();
        List<Extent> reaching = new ArrayList<>();
        for (Extent next : byStart(inputs)) {
            reaching.removeIf(e -> e.end() <= next.start());
            same[next.input()] = next.input();
            for (Extent other : reaching) {
                meet(inputs, new Pair(Math.min(next.input(), other.input()), Math.max(next.input(), other.input())), same,
                    overlaps);
            }
            reaching.add(next);
        }
        overlaps.sort(Comparator.comparingInt(Pair::second).thenComparingInt(Pair::first));
        return new InputAliasing(List.of(same), overlaps);
    }

    /** Addresses from the first byte of an input's elements to the one after the last. */
    private record Extent(int input, long start, long end) {
    }

    private static Extent[] byStart(List<Tensor> inputs) {
        Extent[] extents = new Extent[inputs.size()];
        for (int i = 0; i < extents.length; i++) {
            long start = inputs.get(i).data().address();
            extents[i] = new Extent(i, start, inputs.get(i).numel() == 0 ? start : end(inputs.get(i)));
        }
        Arrays.sort(extents, (a, b) -> Long.compare(a.start, b.start));
        return extents;
    }

    private static void meet(List<Tensor> inputs, Pair pair, Integer[] same, List<Pair> overlaps) {
        Tensor first = inputs.get(pair.first());
        Tensor second = inputs.get(pair.second());
        if (isSame(first, second)) {
            same[pair.second()] = Math.min(same[pair.second()], same[pair.first()]);
        } else if (overlap(first, second)) {
            overlaps.add(pair);
        }
    }

    private static boolean isSame(Tensor a, Tensor b) {
        return a.numel() > 0 && a.data().address() == b.data().address() && a.dtype() == b.dtype()
            && Arrays.equals(a.shape(), b.shape()) && Arrays.equals(a.strides(), b.strides());
    }

    private static boolean overlap(Tensor a, Tensor b) {
        if (a.numel() == 0 || b.numel() == 0) {
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
