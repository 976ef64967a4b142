package dev.kiln.stages.lowering;

import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Views to other sizes with the same elements in the same order. */
final class Reshape {
    private Reshape() {
    }

    /** A run of old dimensions and the run of new ones that holds the same elements. */
    private record Group(List<Integer> from, List<Integer> to) {
    }

    /** The strides of the new sizes over the same memory, if there are any. */
    static Optional<List<SymInt>> strides(List<SymInt> sizes, List<SymInt> strides, List<SymInt> newSizes) {
        Optional<List<Group>> groups = group(sizes, newSizes);
        if (groups.isEmpty()) {
            return Optional.empty();
        }
        SymInt[] result = new SymInt[newSizes.size()];
        for (Group group : groups.get()) {
            SymInt inner = SymInt.ONE;
            if (!group.from.isEmpty()) {
                inner = strides.get(group.from.getLast());
                for (int i = group.from.size() - 2; i >= 0; i--) {
                    int d = group.from.get(i);
                    int next = group.from.get(i + 1);
                    if (!strides.get(d).equals(strides.get(next).times(sizes.get(next)))) {
                        return Optional.empty();
                    }
                }
            }
            SymInt stride = inner;
            for (int i = group.to.size() - 1; i >= 0; i--) {
                result[group.to.get(i)] = stride;
                stride = stride.times(newSizes.get(group.to.get(i)));
            }
        }
        return Optional.of(List.of(result));
    }

    /**
     * The old index of a new one, if no old dimensions are merged (each run of new dimensions splits one old
     * dimension): then it needs no division.
     */
    static Optional<List<SymInt>> splitIndex(List<SymInt> sizes, List<SymInt> newSizes, List<SymInt> newIndex) {
        Optional<List<Group>> groups = group(sizes, newSizes);
        if (groups.isEmpty() || groups.get().stream().anyMatch(g -> g.from.size() > 1)) {
            return Optional.empty();
        }
        SymInt[] index = new SymInt[sizes.size()];
        java.util.Arrays.fill(index, SymInt.ZERO);
        for (Group group : groups.get()) {
            SymInt linear = SymInt.ZERO;
            for (int d : group.to) {
                linear = linear.times(newSizes.get(d)).plus(newIndex.get(d));
            }
            if (!group.from.isEmpty()) {
                index[group.from.getFirst()] = linear;
            }
        }
        return Optional.of(List.of(index));
    }

    /** Pairs runs of dimensions with equal products, ones left out of the old side; empty if products do not match up. */
    private static Optional<List<Group>> group(List<SymInt> from, List<SymInt> to) {
        List<Group> groups = new ArrayList<>();
        int f = 0;
        int t = 0;
        while (f < from.size() || t < to.size()) {
            if (f < from.size() && from.get(f).is(1)) {
                f++;
                continue;
            }
            if (t < to.size() && to.get(t).is(1)) {
                groups.add(new Group(List.of(), List.of(t++)));
                continue;
            }
            Optional<Group> next = next(from, f, to, t);
            if (next.isEmpty()) {
                return Optional.empty();
            }
            groups.add(next.get());
            f = next.get().from.getLast() + 1;
            t = next.get().to.getLast() + 1;
        }
        return Optional.of(groups);
    }

    /** The shortest runs from f and t on whose products are equal. */
    private static Optional<Group> next(List<SymInt> from, int f, List<SymInt> to, int t) {
        SymInt left = SymInt.ONE;
        List<Integer> fromRun = new ArrayList<>();
        for (int i = f; i < from.size(); i++) {
            left = left.times(from.get(i));
            if (!from.get(i).is(1)) {
                fromRun.add(i);
            }
            SymInt right = SymInt.ONE;
            List<Integer> toRun = new ArrayList<>();
            for (int j = t; j < to.size(); j++) {
                right = right.times(to.get(j));
                toRun.add(j);
                if (left.equals(right)) {
                    return Optional.of(new Group(fromRun, toRun));
                }
            }
        }
        return Optional.empty();
    }
}
