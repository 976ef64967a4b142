package dev.kiln.stages.schedule;

import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.LoopProgram;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts kernels off that were started before their results were needed, where that lowers the most memory that is alive at
 * once: at the step with the most, what lives there but is read only later is computed later. Only the order changes.
 */
final class PeakReducer {
    private static final int MOST_TRIES = 400;

    private final LoopProgram program;
    private final Set<String> kept;
    private final Map<KernelGroup, Set<String>> reads = new IdentityHashMap<>();
    private final Map<KernelGroup, Set<String>> writes = new IdentityHashMap<>();
    private int tries = MOST_TRIES;

    private PeakReducer(LoopProgram program, List<KernelGroup> groups, List<String> kept) {
        this.program = program;
        this.kept = Set.copyOf(kept);
        for (KernelGroup group : groups) {
            Set<String> read = new HashSet<>();
            Set<String> written = new HashSet<>();
            for (LoopNode node : group.members()) {
                read.addAll(node.reads());
                written.add(node.output().name());
            }
            reads.put(group, read);
            writes.put(group, written);
        }
    }

    /** The groups in an order that computes the same. Sizes from data come in their order, so then nothing moves. */
    static List<KernelGroup> run(LoopProgram program, List<KernelGroup> groups, List<String> kept) {
        boolean ordered = groups.stream().anyMatch(g -> g instanceof KernelGroup.Size);
        return ordered ? groups : new PeakReducer(program, groups, kept).reduced(groups);
    }

    /** Bytes alive at each step, by the hints of open sizes. */
    private record Profile(long[] alive) {
        int peak() {
            int peak = 0;
            for (int i = 1; i < alive.length; i++) {
                peak = alive[i] > alive[peak] ? i : peak;
            }
            return peak;
        }

        /** Lower at the peak, or at fewer steps as high. */
        boolean isBelow(Profile other) {
            long own = alive[peak()];
            long most = other.alive[other.peak()];
            return own < most || own == most && count(most) < other.count(most);
        }

        private long count(long bytes) {
            return Arrays.stream(alive).filter(a -> a == bytes).count();
        }
    }

    private List<KernelGroup> reduced(List<KernelGroup> groups) {
        List<KernelGroup> order = groups;
        Profile profile = profile(order);
        for (boolean better = true; better && tries > 0;) {
            better = false;
            int peak = profile.peak();
            for (int from : candidates(order, peak)) {
                List<KernelGroup> moved = moved(order, from, firstUser(order, from) - 1);
                Profile other = profile(moved);
                if (other.isBelow(profile)) {
                    order = moved;
                    profile = other;
                    better = true;
                    break;
                }
                if (--tries <= 0) {
                    break;
                }
            }
        }
        return order;
    }

    /** Groups before a step whose results are read behind it only; those with the largest results first. */
    private List<Integer> candidates(List<KernelGroup> order, int peak) {
        List<Integer> found = new ArrayList<>();
        for (int g = 0; g < peak; g++) {
            if (result(order.get(g)) > 0 && firstUser(order, g) > peak + 1) {
                found.add(g);
            }
        }
        found.sort(Comparator.comparingLong(g -> -result(order.get(g))));
        return found;
    }

    private static List<KernelGroup> moved(List<KernelGroup> order, int from, int to) {
        List<KernelGroup> moved = new ArrayList<>(order);
        moved.add(to, moved.remove(from));
        return List.copyOf(moved);
    }

    /** The first group behind one that must stay behind it. */
    private int firstUser(List<KernelGroup> order, int from) {
        KernelGroup group = order.get(from);
        for (int g = from + 1; g < order.size(); g++) {
            KernelGroup later = order.get(g);
            if (meet(writes.get(group), reads.get(later)) || meet(writes.get(group), writes.get(later))
                || meet(reads.get(group), writes.get(later))) {
                return g;
            }
        }
        return order.size();
    }

    private static boolean meet(Set<String> a, Set<String> b) {
        return a.stream().anyMatch(b::contains);
    }

    /** Bytes of what it leaves in the workspace. */
    private long result(KernelGroup group) {
        return writes.get(group).stream().filter(n -> isPlanned(group, n)).mapToLong(this::bytes).sum();
    }

    private boolean isPlanned(KernelGroup group, String buffer) {
        return program.buffer(buffer).kind() == Buffer.Kind.INTERMEDIATE && !group.internal().contains(buffer);
    }

    private long bytes(String buffer) {
        return program.shapes().hint(program.buffer(buffer).bytes());
    }

    private Profile profile(List<KernelGroup> order) {
        Map<String, Integer> first = new HashMap<>();
        Map<String, Integer> last = new HashMap<>();
        long[] changes = new long[order.size() + 1];
        for (int g = 0; g < order.size(); g++) {
            note(order.get(g), g, order.size() - 1, first, last);
            long scratch = order.get(g).members().stream().flatMap(n -> n.scratch().stream())
                .mapToLong(b -> program.shapes().hint(b.bytes())).sum();
            changes[g] += scratch;
            changes[g + 1] -= scratch;
        }
        first.forEach((name, start) -> {
            changes[start] += bytes(name);
            changes[last.get(name) + 1] -= bytes(name);
        });
        Arrays.parallelPrefix(changes, Long::sum);
        return new Profile(Arrays.copyOf(changes, order.size()));
    }

    /** Notes when buffers are used: outputs that are kept up to the end, inputs that are kept from the start. */
    private void note(KernelGroup group, int now, int end, Map<String, Integer> first, Map<String, Integer> last) {
        for (String name : writes.get(group)) {
            if (isPlanned(group, name) || kept.contains(name)) {
                first.putIfAbsent(name, now);
                last.put(name, kept.contains(name) ? end : now);
            }
        }
        for (String name : reads.get(group)) {
            if (kept.contains(name)) {
                first.putIfAbsent(name, 0);
            }
            if (first.containsKey(name)) {
                last.merge(name, now, Math::max);
            }
        }
    }
}
