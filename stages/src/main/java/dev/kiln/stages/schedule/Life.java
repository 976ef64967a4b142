package dev.kiln.stages.schedule;

import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.LoopProgram;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A buffer in the workspace, from the group that writes it first to the last one that uses it. What is kept lives from
 * before the first group (inputs, {@link #BEFORE}) or until behind the last one (outputs).
 *
 * @param scratch whether only one group uses it, for itself
 */
record Life(Buffer buffer, int first, int last, boolean scratch) {
    static final int BEFORE = -1;

    String name() {
        return buffer.name();
    }

    SymInt bytes() {
        return buffer.bytes();
    }

    boolean includes(int group) {
        return first <= group && group <= last;
    }

    /** With the life of what is written over it. */
    Life until(Life later) {
        return new Life(buffer, first, Math.max(last, later.last), scratch);
    }

    /** Of all buffers in the workspace, in the order of their beginnings. */
    static List<Life> all(LoopProgram program, List<KernelGroup> groups, List<String> resident) {
        Set<String> kept = Set.copyOf(resident);
        Map<String, Integer> lastUse = lastUses(groups);
        Map<String, Life> lives = new LinkedHashMap<>();
        for (String name : resident) {
            Buffer buffer = program.buffer(name);
            if (buffer.kind() == Buffer.Kind.INPUT) {
                lives.put(name, new Life(buffer, BEFORE, lastUse.getOrDefault(name, BEFORE), false));
            } else if (!lastUse.containsKey(name)) {
                lives.put(name, new Life(buffer, BEFORE, groups.size(), false));
            }
        }
        for (int g = 0; g < groups.size(); g++) {
            int now = g;
            KernelGroup group = groups.get(g);
            for (LoopNode node : group.members()) {
                node.scratch().ifPresent(s -> lives.put(s.name(), new Life(s, now, now, true)));
                Buffer output = node.output();
                boolean isKept = kept.contains(output.name());
                boolean isInside = output.kind() == Buffer.Kind.INTERMEDIATE && !group.internal().contains(output.name());
                if (isKept || isInside) {
                    lives.computeIfAbsent(output.name(),
                        n -> new Life(output, now, isKept ? groups.size() : lastUse.get(n), false));
                }
            }
        }
        return List.copyOf(lives.values());
    }

    private static Map<String, Integer> lastUses(List<KernelGroup> groups) {
        Map<String, Integer> lastUse = new HashMap<>();
        for (int g = 0; g < groups.size(); g++) {
            for (LoopNode node : groups.get(g).members()) {
                lastUse.put(node.output().name(), g);
                for (String read : node.reads()) {
                    lastUse.put(read, g);
                }
            }
        }
        return lastUse;
    }
}
