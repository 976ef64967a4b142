package dev.kiln.stages.autograd;

import dev.kiln.ops.graph.Node;
import dev.kiln.stages.autograd.JointValues.Value;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Set;

/**
 * Which values of the forward graph must not be computed again in the backward graph: those that cost too much, and
 * random ones, which would be others.
 */
final class RecomputeBans {
    /** A reduction is worth keeping if it is this many times smaller than what it reads. */
    private static final int SMALLER = 4;
    private static final int LONG_CHAIN = 100;

    private final JointValues values;
    private final PartitionOptions options;
    private final Set<Integer> allowed;
    private final boolean[] banned;

    private RecomputeBans(JointValues values, PartitionOptions options, Set<Integer> allowed) {
        this.values = values;
        this.options = options;
        this.allowed = allowed;
        banned = new boolean[values.all().size()];
    }

    /** @param allowed values that may be computed again whatever the options say, unless they are random */
    static boolean[] of(JointValues values, PartitionOptions options, Set<Integer> allowed) {
        RecomputeBans bans = new RecomputeBans(values, options, allowed);
        for (Value value : values.all()) {
            int v = value.index();
            if (values.isPrimal(v) || isRandom(values, v) || values.isForward(v) && bans.isDear(value)) {
                bans.ban(v);
            }
        }
        if (options.banRecomputeUsedFarApart()) {
            bans.banUsedFarApart();
        }
        if (options.banRecomputeLongFusibleChains()) {
            bans.banLongFusibleChains();
        }
        return bans.banned;
    }

    /** Only what must not be computed again: inputs, since they cannot, and random values. */
    static boolean[] necessary(JointValues values) {
        boolean[] banned = new boolean[values.all().size()];
        for (int v = 0; v < banned.length; v++) {
            banned[v] = values.isPrimal(v) || isRandom(values, v);
        }
        return banned;
    }

    static boolean isRandom(JointValues values, int v) {
        Value value = values.get(v);
        return value.kind() == OpClass.RANDOM && !value.isItem() && !values.isBackward(v);
    }

    private void ban(int value) {
        Value v = values.get(value);
        boolean view = options.recomputeViews() && values.isView(value);
        boolean must = values.isPrimal(value) || isRandom(values, value);
        if (must || !view && !allowed.contains(value) && v.node() instanceof Node.Call) {
            banned[value] = true;
        }
    }

    private boolean isDear(Value value) {
        int v = value.index();
        if (value.isItem() || !(value.node() instanceof Node.Call)
            || options.recomputeViews() && values.isView(v)) {
            return false;
        }
        boolean unlisted = options.banRecomputeNotInAllowlist() ? !value.kind().isRecomputable()
            : value.kind() == OpClass.COMPUTE_INTENSIVE || value.kind() == OpClass.DATA_SIZED;
        boolean far = values.distance(v) > options.maxDistFromBw() && values.distance(v) < 1000;
        return unlisted || far
            || options.banRecomputeMaterializedBackward() && isMaterializedInBackward(v)
            || options.banRecomputeReductions() && isMuchSmaller(v);
    }

    /** Whether an op of the backward graph reads it that no kernel can hold together with it. */
    private boolean isMaterializedInBackward(int value) {
        return values.usersThroughViews(value).stream()
            .anyMatch(u -> !values.isForward(u) && !values.areFusible(value, u));
    }

    private boolean isMuchSmaller(int value) {
        long read = values.inputs(value).stream().mapToLong(values::bytes).sum();
        return values.bytes(value) * SMALLER < read;
    }

    /** A value that is read before and after an unfusible op would otherwise be alive, or computed again, in between. */
    private void banUsedFarApart() {
        for (Value value : values.all()) {
            List<Integer> users = forwardUsers(value.index());
            if (!values.isForward(value.index()) || users.size() < 2) {
                continue;
            }
            int last = users.stream().mapToInt(u -> u).max().orElseThrow();
            int barrier = firstUnfusible(users, last);
            for (int user : users) {
                if (user > barrier && values.areFusible(value.index(), user)) {
                    ban(user);
                }
            }
        }
    }

    private List<Integer> forwardUsers(int value) {
        return values.users(value).stream().filter(values::isForward).toList();
    }

    /** The first op downstream, up to a place, that cannot be fused with what it reads. */
    private int firstUnfusible(List<Integer> start, int last) {
        record Step(int value, boolean fusible) {
        }
        PriorityQueue<Step> open = new PriorityQueue<>((a, b) -> Integer.compare(a.value, b.value));
        boolean[] seen = new boolean[last + 1];
        start.forEach(s -> open.add(new Step(s, true)));
        while (!open.isEmpty()) {
            Step step = open.remove();
            if (!step.fusible) {
                return step.value;
            }
            if (seen[step.value]) {
                continue;
            }
            seen[step.value] = true;
            for (int user : forwardUsers(step.value)) {
                if (user <= last) {
                    open.add(new Step(user, values.areFusible(step.value, user)));
                }
            }
        }
        return last;
    }

    private void banLongFusibleChains() {
        boolean[] visited = new boolean[banned.length];
        for (int start = 0; start < banned.length; start++) {
            if (values.isForward(start)) {
                follow(start, visited);
            }
        }
    }

    private void follow(int start, boolean[] visited) {
        PriorityQueue<Integer> open = new PriorityQueue<>(List.of(start));
        while (!open.isEmpty()) {
            int at = open.remove();
            if (visited[at]) {
                continue;
            }
            visited[at] = true;
            if (at > start + LONG_CHAIN && open.isEmpty()) {
                ban(at);
                return;
            }
            for (int user : forwardUsers(at)) {
                if (values.areFusible(at, user) && !banned[user]) {
                    open.add(user);
                }
            }
        }
    }
}
