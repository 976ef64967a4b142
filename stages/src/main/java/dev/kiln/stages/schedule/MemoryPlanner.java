package dev.kiln.stages.schedule;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.LoopProgram;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Assigns slots greedily in order of execution: a buffer takes the free slot that wastes least at the size hints,
 * growing it if need be. The number of slots is the largest number of buffers alive at once.
 */
final class MemoryPlanner {
    private final LoopProgram program;
    private final List<KernelGroup> groups;
    private final List<SymInt> slots = new ArrayList<>();
    private final Map<String, Integer> slotOf = new LinkedHashMap<>();
    private final TreeSet<Integer> free = new TreeSet<>();

    private MemoryPlanner(LoopProgram program, List<KernelGroup> groups) {
        this.program = program;
        this.groups = groups;
    }

    static MemoryPlan plan(LoopProgram program, List<KernelGroup> groups) {
        return new MemoryPlanner(program, groups).plan();
    }

    private MemoryPlan plan() {
        Map<String, Integer> lastUse = lastUses();
        for (int g = 0; g < groups.size(); g++) {
            for (LoopNode node : groups.get(g).members()) {
                node.scratch().ifPresent(s -> slotOf.put(s.name(), take(mostBytes(s))));
                Buffer buffer = node.output();
                boolean needsMemory = buffer.kind() == Buffer.Kind.INTERMEDIATE
                    && !groups.get(g).internal().contains(buffer.name()) && !slotOf.containsKey(buffer.name());
                if (needsMemory) {
                    slotOf.put(buffer.name(), take(mostBytes(buffer)));
                }
            }
            int now = g;
            slotOf.forEach((name, slot) -> {
                if (lastUse.get(name) == now) {
                    free.add(slot);
                }
            });
        }
        return new MemoryPlan(List.copyOf(slots), Map.copyOf(slotOf));
    }

    private Map<String, Integer> lastUses() {
        Map<String, Integer> lastUse = new HashMap<>();
        for (int g = 0; g < groups.size(); g++) {
            for (LoopNode node : groups.get(g).members()) {
                lastUse.put(node.output().name(), g);
                if (node.scratch().isPresent()) {
                    lastUse.put(node.scratch().get().name(), g);
                }
                for (String read : node.reads()) {
                    lastUse.put(read, g);
                }
            }
        }
        return lastUse;
    }

    /** The workspace is sized before the graph runs, when sizes from data are not known yet. */
    private SymInt mostBytes(Buffer buffer) {
        return program.shapes().limit(buffer.bytes()).orElseThrow(() -> new KilnException.Unsupported(
            "the size " + buffer.sizes() + " of node %" + buffer.name() + " depends on data and has no upper limit"));
    }

    private int take(SymInt bytes) {
        ShapeEnv shapes = program.shapes();
        long wanted = shapes.hint(bytes);
        Integer best = null;
        for (int slot : free) {
            if (best == null || waste(slot, wanted) < waste(best, wanted)) {
                best = slot;
            }
        }
        if (best == null) {
            slots.add(bytes);
            return slots.size() - 1;
        }
        free.remove(best);
        slots.set(best, larger(slots.get(best), bytes));
        return best;
    }

    private SymInt larger(SymInt a, SymInt b) {
        ShapeEnv shapes = program.shapes();
        return shapes.provablyAtMost(b, a) ? a : shapes.provablyAtMost(a, b) ? b : a.max(b);
    }

    /** Bytes left unused or newly needed if the slot is taken. */
    private long waste(int slot, long wanted) {
        return Math.abs(program.shapes().hint(slots.get(slot)) - wanted);
    }
}
