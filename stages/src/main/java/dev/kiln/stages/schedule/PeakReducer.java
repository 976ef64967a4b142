package dev.kiln.stages.schedule;

import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.LoopProgram;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Puts kernels off where that lowers the most memory that is alive at once: what lives at the step with the most but is read
 * only later is computed later, and kernels around that step whose results nobody in the graph reads, such as a weight's
 * gradient, make way for others, with all that is computed for them alone. Only the order changes.
 */
final class PeakReducer {
    private static final int MOST_TRIES = 1000;
    /** Groups that all tries together look at. */
    private static final int MOST_WORK = 400_000;
    /** Kernels before the peak that make way, and how far. */
    private static final int NEAR = 24;

    private final LoopProgram program;
    private final Set<String> kept;
    private final Map<KernelGroup, Uses> uses = new IdentityHashMap<>();
    private int tries;

    /**
     * What a group does with memory.
     *
     * @param planned what it leaves in the workspace, with its bytes
     * @param scratch bytes that it needs for itself
     * @param inPlace what its results may be written over
     */
    private record Uses(Set<String> reads, Set<String> writes, Map<String, Long> planned, long scratch,
            Map<String, List<String>> inPlace) {
        /** Whether a group before this one must stay there. */
        boolean needs(Uses before) {
            return meet(before.writes, reads) || meet(before.writes, writes) || meet(before.reads, writes);
        }

        private static boolean meet(Set<String> a, Set<String> b) {
            return a.size() < b.size() ? a.stream().anyMatch(b::contains) : b.stream().anyMatch(a::contains);
        }
    }

    private PeakReducer(LoopProgram program, List<KernelGroup> groups, List<String> kept) {
        this.program = program;
        this.kept = Set.copyOf(kept);
        this.tries = Math.min(MOST_TRIES, MOST_WORK / Math.max(1, groups.size()));
        groups.forEach(group -> uses.put(group, uses(group)));
    }

    private Uses uses(KernelGroup group) {
        Set<String> reads = new HashSet<>();
        Map<String, Long> planned = new LinkedHashMap<>();
        Set<String> writes = new HashSet<>();
        for (LoopNode node : group.members()) {
            reads.addAll(node.reads());
            String output = node.output().name();
            writes.add(output);
            boolean intermediate = node.output().kind() == Buffer.Kind.INTERMEDIATE && !group.internal().contains(output);
            if (intermediate || kept.contains(output)) {
                planned.put(output, bytes(output));
            }
        }
        long scratch = group.members().stream().flatMap(n -> n.scratch().stream()).mapToLong(b -> bytes(b.name())).sum();
        return new Uses(reads, writes, planned, scratch, InPlace.candidates(program, group));
    }

    private long bytes(String buffer) {
        return program.shapes().hint(program.buffer(buffer).bytes());
    }

    /**
     * The groups in an order that computes the same. Sizes from data come in their order, so then nothing moves.
     *
     * @param kept inputs and outputs in the workspace
     */
    static List<KernelGroup> run(LoopProgram program, List<KernelGroup> groups, List<String> kept) {
        boolean ordered = groups.stream().anyMatch(g -> g instanceof KernelGroup.Size);
        return ordered ? groups : new PeakReducer(program, groups, kept).reduced(groups);
    }

    /** Bytes alive at each step, by the hints of open sizes. */
    private record Profile(long[] alive, int peak, int count) {
        static Profile of(long[] alive) {
            int peak = 0;
            int count = 0;
            for (int i = 0; i < alive.length; i++) {
                count = alive[i] > alive[peak] ? 1 : alive[i] == alive[peak] ? count + 1 : count;
                peak = alive[i] > alive[peak] ? i : peak;
            }
            return new Profile(alive, peak, count);
        }

        /** Lower at the peak, or at fewer steps as high. */
        boolean isBelow(Profile other) {
            return alive[peak] < other.alive[other.peak] || alive[peak] == other.alive[other.peak] && count < other.count;
        }
    }

    private List<KernelGroup> reduced(List<KernelGroup> groups) {
        List<KernelGroup> order = groups;
        Profile profile = profile(order);
        for (boolean better = true; better && tries > 0;) {
            better = false;
            for (Move move : moves(order, profile.peak())) {
                List<KernelGroup> moved = moved(order, move);
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

    /** Puts a group behind another one that comes later. */
    private record Move(int from, int to) {
    }

    private List<Move> moves(List<KernelGroup> order, int peak) {
        List<Move> moves = new ArrayList<>();
        for (int g = 0; g < peak; g++) {
            int user = firstUser(order, g);
            if (result(order.get(g)) > 0 && user > peak + 1 && user < order.size()) {
                moves.add(new Move(g, user - 1));
            }
        }
        moves.sort(Comparator.comparingLong(m -> -result(order.get(m.from()))));
        for (int g = peak; g >= Math.max(0, peak - NEAR); g--) {
            if (firstUser(order, g) == order.size()) {
                for (int to = Math.max(g, peak) + 1; to <= Math.min(peak + NEAR, order.size() - 1); to++) {
                    moves.add(new Move(g, to));
                }
            }
        }
        return moves;
    }

    /** With what is computed for the moved group alone right before it. */
    private List<KernelGroup> moved(List<KernelGroup> order, Move move) {
        List<KernelGroup> moved = new ArrayList<>(order);
        moved.add(move.to(), moved.remove(move.from()));
        Set<String> wanted = new HashSet<>(uses.get(order.get(move.from())).reads());
        for (int g = move.from() - 1; g >= Math.max(0, move.from() - NEAR); g--) {
            Uses producer = uses.get(moved.get(g));
            int user = producer.planned().keySet().stream().anyMatch(wanted::contains) ? firstUser(moved, g) : 0;
            if (user > move.from() && user < moved.size()) {
                moved.add(user - 1, moved.remove(g));
                wanted.addAll(producer.reads());
            }
        }
        return List.copyOf(moved);
    }

    /** The first group behind one that must stay behind it. */
    private int firstUser(List<KernelGroup> order, int from) {
        Uses group = uses.get(order.get(from));
        for (int g = from + 1; g < order.size(); g++) {
            if (uses.get(order.get(g)).needs(group)) {
                return g;
            }
        }
        return order.size();
    }

    /** Bytes of what it leaves in the workspace. */
    private long result(KernelGroup group) {
        return uses.get(group).planned().values().stream().mapToLong(b -> b).sum();
    }

    private Profile profile(List<KernelGroup> order) {
        Map<String, Integer> first = new HashMap<>();
        Map<String, Integer> last = new HashMap<>();
        long[] changes = new long[order.size() + 1];
        for (int g = 0; g < order.size(); g++) {
            note(uses.get(order.get(g)), g, order.size() - 1, first, last);
            changes[g] += uses.get(order.get(g)).scratch();
            changes[g + 1] -= uses.get(order.get(g)).scratch();
        }
        first.forEach((name, start) -> {
            changes[start] += bytes(name);
            changes[last.get(name) + 1] -= bytes(name);
        });
        for (int g = 0; g < order.size(); g++) {
            long shared = shared(uses.get(order.get(g)), g, first, last);
            changes[g] -= shared;
            changes[g + 1] += shared;
        }
        long[] alive = new long[order.size()];
        long sum = 0;
        for (int g = 0; g < alive.length; g++) {
            sum += changes[g];
            alive[g] = sum;
        }
        return Profile.of(alive);
    }

    /** Bytes of results that are written over what is read for the last time. */
    private long shared(Uses group, int now, Map<String, Integer> first, Map<String, Integer> last) {
        Set<String> taken = new HashSet<>();
        long bytes = 0;
        for (Map.Entry<String, List<String>> place : group.inPlace().entrySet()) {
            if (!kept.contains(place.getKey()) && first.getOrDefault(place.getKey(), -1) == now) {
                for (String input : place.getValue()) {
                    if (last.getOrDefault(input, -1) == now && taken.add(input)) {
                        bytes += bytes(input);
                        break;
                    }
                }
            }
        }
        return bytes;
    }

    /** Notes when buffers are used: outputs that are kept up to the end, inputs that are kept from the start. */
    private void note(Uses group, int now, int end, Map<String, Integer> first, Map<String, Integer> last) {
        for (String name : group.planned().keySet()) {
            first.putIfAbsent(name, now);
            last.put(name, kept.contains(name) ? end : now);
        }
        for (String name : group.reads()) {
            if (kept.contains(name)) {
                first.putIfAbsent(name, 0);
            }
            if (first.containsKey(name)) {
                last.merge(name, now, Math::max);
            }
        }
    }
}
