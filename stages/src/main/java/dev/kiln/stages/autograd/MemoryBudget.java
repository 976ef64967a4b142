package dev.kiln.stages.autograd;

import dev.kiln.stages.autograd.JointValues.Value;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What to save under {@code activation_memory_budget}: the cut with fewer and fewer bans, until it is within. */
final class MemoryBudget {
    /** What a choice of calls to keep is asked to take less by, if the cut around them keeps more than they do. */
    private static final double TIGHTER = 0.85;
    private static final int MAX_TRIES = 24;

    private final JointValues values;
    private final PartitionOptions options;
    private final long least;
    private final long most;

    private MemoryBudget(JointValues values, PartitionOptions options, long least, long most) {
        this.values = values;
        this.options = options;
        this.least = least;
        this.most = most;
    }

    static List<Value> apply(JointValues values, PartitionOptions options) {
        double budget = options.activationMemoryBudget();
        List<Value> smallest = budget < 1 ? ActivationCut.least(values) : List.of();
        if (budget == 0) {
            return smallest;
        }
        List<Value> fast = cut(values, options.effective(), Set.of());
        if (budget == 1) {
            return fast;
        }
        return new MemoryBudget(values, options, ActivationCut.bytes(values, smallest),
            ActivationCut.bytes(values, fast)).within(fast, smallest);
    }

    private static List<Value> cut(JointValues values, PartitionOptions options, Set<Integer> allowed) {
        return ActivationCut.of(values, options, RecomputeBans.of(values, options, allowed));
    }

    private List<Value> within(List<Value> fast, List<Value> smallest) {
        if (fits(fast)) {
            return fast;
        }
        for (PartitionOptions fewer : List.of(options.relaxed(), options.aggressive())) {
            List<Value> saved = cut(values, fewer, Set.of());
            if (fits(saved)) {
                return saved;
            }
        }
        return choose().orElse(smallest);
    }

    private boolean fits(List<Value> saved) {
        return most <= least || share(ActivationCut.bytes(values, saved) - least) <= options.activationMemoryBudget();
    }

    private double share(long bytes) {
        return (double) bytes / (most - least);
    }

    /** Keeps the calls that would cost most to repeat. */
    private Optional<List<Value>> choose() {
        List<Integer> candidates = candidates();
        double[] weights = candidates.stream().mapToDouble(v -> share(values.bytes(v))).toArray();
        double[] runtimes = candidates.stream()
            .mapToDouble(v -> RuntimeEstimate.of(values, v, options.runtimeEstimator())).toArray();
        double capacity = options.activationMemoryBudget();
        for (int i = 0; i < MAX_TRIES; i++, capacity *= TIGHTER) {
            Set<Integer> kept = Knapsack.solve(options.solver(), capacity, weights, runtimes);
            Set<Integer> allowed = new HashSet<>(candidates);
            kept.forEach(k -> allowed.remove(candidates.get(k)));
            List<Value> saved = cut(values, options.aggressive(), allowed);
            if (fits(saved)) {
                return Optional.of(saved);
            }
        }
        return Optional.empty();
    }

    /** Calls that are banned from being repeated only because they are dear. */
    private List<Integer> candidates() {
        boolean[] banned = RecomputeBans.of(values, options.aggressive(), Set.of());
        boolean[] necessary = RecomputeBans.necessary(values);
        List<Integer> candidates = new ArrayList<>();
        for (int v = 0; v < banned.length; v++) {
            boolean reachesBackward = values.distance(v) < JointValues.UNREACHABLE;
            if (banned[v] && !necessary[v] && reachesBackward && !values.isPrimal(values.base(v))) {
                candidates.add(v);
            }
        }
        return candidates;
    }
}
