package dev.kiln.stages.schedule;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.LoopProgram;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Plans the workspace. Where all sizes are known, buffers are packed into one slot ({@link OffsetPacker}). Otherwise slots
 * are assigned greedily in order of execution: a buffer takes the free slot that wastes least at the size hints, growing it
 * if need be, so that the number of slots is the largest number of buffers alive at once. The packed plan is taken if it is
 * the smaller one.
 */
final class MemoryPlanner {
    private final LoopProgram program;
    private final List<KernelGroup> groups;
    private final List<String> kept;
    private final Map<String, Integer> lastUse;
    private final Map<String, Long> keptOffsets = new LinkedHashMap<>();
    private final List<SymInt> slots = new ArrayList<>();
    private final Map<String, Integer> slotOf = new LinkedHashMap<>();
    private final TreeSet<Integer> free = new TreeSet<>();

    private MemoryPlanner(LoopProgram program, List<KernelGroup> groups, List<String> kept) {
        this.program = program;
        this.groups = groups;
        this.kept = kept;
        this.lastUse = lastUses();
    }

    /**
     * Plans.
     *
     * @param kept inputs and outputs of known sizes that lie one after the other at the start of the workspace: inputs may
     *     be overwritten once they have been read for the last time
     */
    static MemoryPlan plan(LoopProgram program, List<KernelGroup> groups, List<String> kept) {
        MemoryPlanner planner = new MemoryPlanner(program, groups, kept);
        long at = planner.placeKept();
        List<Life> lives = planner.lives();
        boolean known = lives.stream().allMatch(l -> l.bytes().isConstant());
        MemoryPlan greedy = planner.greedy(lives, at);
        MemoryPlan packed = known ? planner.packed(lives) : greedy;
        return planner.bytes(packed) < planner.bytes(greedy) ? packed : greedy;
    }

    /** A buffer from the group that writes it first to the last one that uses it. */
    private record Life(String name, SymInt bytes, int first, int last) {
    }

    private long bytes(MemoryPlan plan) {
        return plan.slots().stream().mapToLong(s -> aligned(program.shapes().hint(s))).sum();
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, OffsetPacker.ALIGNMENT) * OffsetPacker.ALIGNMENT;
    }

    /** Gives the bytes behind the last. */
    private long placeKept() {
        long at = 0;
        for (String name : kept) {
            keptOffsets.put(name, at);
            at += keptBytes(program.buffer(name));
        }
        return at;
    }

    private List<Life> lives() {
        Map<String, Life> lives = new LinkedHashMap<>();
        for (int g = 0; g < groups.size(); g++) {
            int now = g;
            for (LoopNode node : groups.get(g).members()) {
                node.scratch().ifPresent(s -> lives.put(s.name(), new Life(s.name(), mostBytes(s), now, now)));
                Buffer buffer = node.output();
                if (buffer.kind() == Buffer.Kind.INTERMEDIATE && !groups.get(g).internal().contains(buffer.name())) {
                    lives.computeIfAbsent(buffer.name(), n -> new Life(n, mostBytes(buffer), now, lastUse.get(n)));
                }
            }
        }
        return List.copyOf(lives.values());
    }

    private MemoryPlan packed(List<Life> lives) {
        Map<OffsetPacker.Span, Long> fixed = new HashMap<>();
        keptOffsets.forEach((name, offset) -> fixed.put(keptSpan(program.buffer(name)), offset));
        OffsetPacker.Packing packing = OffsetPacker.pack(lives.stream().map(l -> new OffsetPacker.Span(l.name(),
            aligned(l.bytes().asLong()), l.first(), l.last())).toList(), fixed);
        Map<String, Integer> one = new HashMap<>();
        packing.offsets().keySet().forEach(n -> one.put(n, 0));
        return new MemoryPlan(packing.bytes() == 0 ? List.of() : List.of(SymInt.of(packing.bytes())), Map.copyOf(one),
            packing.offsets());
    }

    private OffsetPacker.Span keptSpan(Buffer buffer) {
        boolean input = buffer.kind() == Buffer.Kind.INPUT;
        int first = input ? -1 : firstWrite(buffer.name());
        int last = input ? lastUse.getOrDefault(buffer.name(), -1) : groups.size();
        return new OffsetPacker.Span(buffer.name(), keptBytes(buffer), first, last);
    }

    /** Callers have a byte even of empty tensors. */
    private static long keptBytes(Buffer buffer) {
        return aligned(Math.max(1, buffer.bytes().asLong()));
    }

    private int firstWrite(String name) {
        for (int g = 0; g < groups.size(); g++) {
            if (groups.get(g).members().stream().anyMatch(m -> m.output().name().equals(name))) {
                return g;
            }
        }
        return -1;
    }

    /** @param reserved bytes of a first slot for what is kept, which nothing shares */
    private MemoryPlan greedy(List<Life> lives, long reserved) {
        if (!kept.isEmpty()) {
            slots.add(SymInt.of(reserved));
        }
        Iterator<Life> next = lives.iterator();
        Life life = next.hasNext() ? next.next() : null;
        for (int g = 0; g < groups.size(); g++) {
            for (; life != null && life.first() == g; life = next.hasNext() ? next.next() : null) {
                slotOf.put(life.name(), take(life.bytes()));
            }
            int now = g;
            slotOf.forEach((name, slot) -> {
                if (lastUse.get(name) == now) {
                    free.add(slot);
                }
            });
        }
        kept.forEach(name -> slotOf.put(name, 0));
        return new MemoryPlan(List.copyOf(slots), Map.copyOf(slotOf), Map.copyOf(keptOffsets));
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
