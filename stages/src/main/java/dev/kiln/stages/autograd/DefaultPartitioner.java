package dev.kiln.stages.autograd;

import dev.kiln.ops.graph.Node;
import dev.kiln.stages.autograd.JointValues.Value;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Saves whatever the forward graph computes anyway and the backward graph reads; nothing is computed twice but views. */
public final class DefaultPartitioner implements Partitioner {
    @Override
    public Partition partition(JointGraph joint) {
        JointValues values = new JointValues(JointPreparation.run(joint));
        return PartitionWriter.write(values, saved(values), false);
    }

    static List<Value> saved(JointValues values) {
        Set<Integer> saved = new LinkedHashSet<>();
        boolean[] seen = new boolean[values.all().size()];
        List<Integer> open = new ArrayList<>(values.gradients());
        for (int v = 0; v < seen.length; v++) {
            if (values.isBackward(v)) {
                open.addAll(values.inputs(v));
            }
        }
        while (!open.isEmpty()) {
            int v = open.removeLast();
            if (seen[v] || values.isBackward(v)) {
                continue;
            }
            seen[v] = true;
            if (values.isPrimal(v) || isComputedForward(values, v)) {
                saved.add(v);
            } else {
                open.addAll(values.inputs(v));
            }
        }
        return saved.stream().sorted().map(values::get).toList();
    }

    private static boolean isComputedForward(JointValues values, int v) {
        int call = values.get(v).isItem() ? values.inputs(v).getFirst() : v;
        return (values.isForward(call) || RecomputeBans.isRandom(values, call))
            && values.get(v).node() instanceof Node.Call && !values.get(v).isTuple() && !values.isView(v);
    }
}
