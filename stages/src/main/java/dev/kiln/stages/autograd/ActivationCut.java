package dev.kiln.stages.autograd;

import dev.kiln.stages.autograd.JointValues.Value;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * What to save, as a minimum cut: between the source, which everything that must not be computed again hangs on, and
 * the sink, which is what only the backward graph can compute. Cutting a value in two costs its bytes, the more the
 * farther it is from the backward graph, twice as many if nothing would have stored it.
 */
final class ActivationCut {
    private static final double FARTHER = 1.1;
    private static final int FARTHEST = 100;

    private final JointValues values;
    private final PartitionOptions options;
    private final boolean[] banned;
    private final boolean freeInputs;

    /** @param freeInputs whether saving an input costs nothing */
    private ActivationCut(JointValues values, PartitionOptions options, boolean[] banned, boolean freeInputs) {
        this.values = values;
        this.options = options;
        this.banned = banned;
        this.freeInputs = freeInputs;
    }

    /** Values to save, in the graph's order. */
    static List<Value> of(JointValues values, PartitionOptions options, boolean[] banned) {
        return new ActivationCut(values, options, banned, false).run();
    }

    /** What must be saved if memory is all that counts: inputs and random values. */
    static List<Value> least(JointValues values) {
        return new ActivationCut(values, PartitionOptions.defaults(), RecomputeBans.necessary(values), true).run();
    }

    /** Bytes of saved values that are no inputs. */
    static long bytes(JointValues values, List<Value> saved) {
        return saved.stream().filter(v -> !values.isPrimal(v.index())).mapToLong(v -> values.bytes(v.index())).sum();
    }

    private List<Value> run() {
        int count = values.all().size();
        int source = 2 * count;
        int sink = source + 1;
        MaxFlow flow = new MaxFlow(sink + 1);
        Set<Integer> gradients = values.gradients();
        for (int v = 0; v < count; v++) {
            int in = 2 * v;
            if (values.isBackward(v)) {
                flow.edge(in, sink, MaxFlow.INFINITE);
                continue;
            }
            if (banned[v]) {
                flow.edge(source, in, MaxFlow.INFINITE);
            }
            flow.edge(in, in + 1, capacity(v));
            if (gradients.contains(v)) {
                flow.edge(in + 1, sink, MaxFlow.INFINITE);
            }
            for (int user : values.users(v)) {
                flow.edge(in + 1, 2 * user, MaxFlow.INFINITE);
            }
        }
        flow.run(source, sink);
        boolean[] side = flow.sourceSide();
        return IntStream.range(0, count).filter(v -> side[2 * v] && !side[2 * v + 1]).mapToObj(values::get).toList();
    }

    private long capacity(int v) {
        if (values.get(v).isTuple()) {
            return MaxFlow.INFINITE;
        }
        if (values.isPrimal(v) && freeInputs) {
            return 0;
        }
        double bytes = values.bytes(v) * Math.pow(FARTHER, Math.clamp(values.distance(v), 1, FARTHEST));
        if (options.recomputeViews() && values.isView(v)) {
            return isPartOfResult(v) ? (long) (2 * bytes) : MaxFlow.INFINITE;
        }
        return (long) (isMaterialized(v) ? bytes : 2 * bytes);
    }

    /** Whether it is a smaller part of something computed, so that a copy of it may be the better choice. */
    private boolean isPartOfResult(int v) {
        return values.bytes(v) < values.bytes(values.inputs(v).getFirst()) && !values.isPrimal(values.base(v));
    }

    private boolean isMaterialized(int v) {
        return values.get(v).isPlaceholder()
            || !values.usersThroughViews(v).stream().allMatch(u -> values.areFusible(v, u));
    }
}
