package dev.kiln.stages.autograd;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * Which values a backward graph that computes much again had better compute twice: those that it needs early, for what
 * is made of them, and long after, for their own derivatives, if they are cheap and follow from one value that lies there
 * anyway. Time is counted in calls that no kernel fuses.
 */
final class Repetition {
    private static final int FAR = 3;
    /** A leaf that is this many times smaller does not count. */
    private static final int SMALLER = 4;

    private final Graph joint;
    /** Values of the backward graph that come from the forward graph as they are. */
    private final Predicate<Arg.Ref> saved;
    private final boolean on;
    private final Map<String, Integer> emitted = new HashMap<>();
    private final Map<String, OpClass> classes = new HashMap<>();
    private int now = 1;

    /** @param on whether anything is computed twice */
    Repetition(Graph joint, Predicate<Arg.Ref> saved, boolean on) {
        this.joint = joint;
        this.saved = saved;
        this.on = on;
    }

    int now() {
        return now;
    }

    void emitted(Node node) {
        if (on && node instanceof Node.Call call) {
            emitted.put(call.name(), now);
            now += kind(call).isFusible() ? 0 : 1;
        }
    }

    private OpClass kind(Node.Call call) {
        return classes.computeIfAbsent(call.name(), n -> OpClass.of(call, joint::tensor, joint.shapes()));
    }

    /** Whether a value that is there should be computed again for a user of now. */
    boolean pays(Arg.Ref ref) {
        return on && isStale(ref) && leaves(ref).size() <= 1;
    }

    private boolean isStale(Arg.Ref ref) {
        return !saved.test(ref) && joint.node(ref.node()) instanceof Node.Call call && kind(call).isRecomputable()
            && now - emitted.getOrDefault(call.name(), now) >= FAR;
    }

    /** Values of some size that must lie there for it to be computed again; those that come from the forward graph do. */
    private Set<Arg.Ref> leaves(Arg.Ref ref) {
        Set<Arg.Ref> leaves = new HashSet<>();
        for (Arg.Ref input : ((Node.Call) joint.node(ref.node())).inputs()) {
            if (saved.test(input) || !(joint.node(input.node()) instanceof Node.Call)) {
                continue;
            }
            Set<Arg.Ref> own = isStale(input) ? leaves(input) : Set.of();
            if (isStale(input) && own.size() <= 1) {
                leaves.addAll(own);
            } else if (bytes(input) * SMALLER >= bytes(ref)) {
                leaves.add(input);
            }
        }
        return leaves;
    }

    private long bytes(Arg.Ref ref) {
        return joint.shapes().hint(joint.tensor(ref).numel()) * joint.tensor(ref).dtype().bytes();
    }
}
