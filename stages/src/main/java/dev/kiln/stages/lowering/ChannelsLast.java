package dev.kiln.stages.lowering;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Images whose channels are neighbours in memory, as convolutions want them. Sizes stay [N, C, ...]; only the order in
 * memory differs, and what is computed element by element from such an image is laid out the same way.
 */
final class ChannelsLast {
    private ChannelsLast() {
    }

    /** Whether a value should be stored channels last: it is an image, read from one that is. */
    static boolean suits(Value value) {
        if (value.rank() < 3 || value.sizes().get(1).is(1)) {
            return false;
        }
        return suits(value.load(LoopVars.outputs(value.rank())), value.sizes());
    }

    /** As {@link #suits(Value)}, for the element at {@code i0, i1, ...} of an image of the given sizes. */
    static boolean suits(Scalar body, List<SymInt> sizes) {
        boolean[] found = {false};
        body.rewrite(s -> {
            switch (s) {
                case Scalar.Load load -> found[0] |= isChannelsLast(load.index(), sizes);
                case Scalar.Gather gather -> found[0] |= isChannelsLast(gather.index(), sizes);
                default -> { }
            }
            return s;
        });
        return found[0];
    }

    /** Neighbouring channels are neighbours, and every other dimension matters too. */
    private static boolean isChannelsLast(SymInt index, List<SymInt> sizes) {
        for (int d = 2; d < sizes.size(); d++) {
            if (!sizes.get(d).is(1) && step(index, d).is(0)) {
                return false;
            }
        }
        boolean spatial = sizes.subList(2, sizes.size()).stream().anyMatch(s -> !s.is(1));
        return spatial && step(index, 1).is(1);
    }

    private static SymInt step(SymInt index, int dim) {
        String name = LoopVars.output(dim).toString();
        return index.substitute(Map.of(name, SymInt.ONE)).minus(index.substitute(Map.of(name, SymInt.ZERO)));
    }

    /** The order of dimensions in memory: N, spatial, C. */
    private static List<Integer> order(int rank) {
        List<Integer> order = new ArrayList<>();
        order.add(0);
        for (int d = 2; d < rank; d++) {
            order.add(d);
        }
        order.add(1);
        return order;
    }

    static <T> List<T> toMemory(List<T> dims) {
        return order(dims.size()).stream().map(dims::get).toList();
    }

    static <T> List<T> fromMemory(List<T> dims) {
        List<T> logical = new ArrayList<>(dims);
        List<Integer> order = order(dims.size());
        for (int d = 0; d < dims.size(); d++) {
            logical.set(order.get(d), dims.get(d));
        }
        return logical;
    }

    /** The image [N, C, ...] as [N, ..., C]. */
    static Value toMemory(Value image) {
        return image instanceof Value.Strided s ? s.view(toMemory(s.sizes()), toMemory(s.strides()), s.offset())
            : new Value.Computed(image.dtype(), toMemory(image.sizes()), index -> image.load(fromMemory(index)));
    }

    /** What lies in memory as [N, ..., C], as an image [N, C, ...]. */
    static Value.Strided fromMemory(Value.Strided memory) {
        return memory.view(fromMemory(memory.sizes()), fromMemory(memory.strides()), memory.offset());
    }
}
