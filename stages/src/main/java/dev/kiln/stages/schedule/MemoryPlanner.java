package dev.kiln.stages.schedule;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopProgram;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Plans the workspace. Where all sizes are known, buffers are packed into one slot ({@link OffsetPacker}). Otherwise slots
 * are assigned greedily in order of execution: a buffer takes the free slot that wastes least at the size hints, growing it
 * if need be, so that the number of slots is the largest number of buffers alive at once. The packed plan is taken if it is
 * the smaller one.
 */
final class MemoryPlanner {
    private final LoopProgram program;
    private final List<Life> lives;
    private final Placement placement;
    private final Map<String, String> inPlace;
    private final Map<String, Long> keptOffsets = new LinkedHashMap<>();
    private final List<SymInt> slots = new ArrayList<>();
    private final Map<String, Integer> slotOf = new LinkedHashMap<>();
    private final TreeSet<Integer> free = new TreeSet<>();

    private MemoryPlanner(LoopProgram program, List<KernelGroup> groups, Placement placement) {
        this.program = program;
        this.placement = placement;
        this.lives = Life.all(program, groups, placement.inWorkspace());
        this.inPlace = placement.inWorkspace().isEmpty() ? Map.of()
            : InPlace.choose(program, groups, lives, Set.copyOf(placement.inWorkspace()));
    }

    static MemoryPlan plan(LoopProgram program, List<KernelGroup> groups, Placement placement) {
        MemoryPlanner planner = new MemoryPlanner(program, groups, placement);
        long at = planner.placeKept();
        boolean known = planner.inside().stream().allMatch(l -> planner.mostBytes(l.buffer()).isConstant());
        MemoryPlan greedy = planner.greedy(groups.size(), at);
        MemoryPlan packed = known ? planner.packed() : greedy;
        boolean hasRoom = known && !placement.roomFor().isEmpty();
        return hasRoom || planner.bytes(packed) < planner.bytes(greedy) ? packed : greedy;
    }

    private List<Life> inside() {
        return lives.stream().filter(l -> !keptOffsets.containsKey(l.name()) && !placement.roomFor().contains(l.name()))
            .toList();
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
        for (String name : placement.kept()) {
            keptOffsets.put(name, at);
            at += keptBytes(program.buffer(name));
        }
        return at;
    }

    private MemoryPlan packed() {
        Map<OffsetPacker.Span, Long> fixed = new HashMap<>();
        List<OffsetPacker.Span> open = new ArrayList<>();
        for (Life life : together()) {
            boolean placed = keptOffsets.containsKey(life.name());
            boolean outside = placed || placement.roomFor().contains(life.name());
            long bytes = outside ? keptBytes(life.buffer()) : aligned(mostBytes(life.buffer()).asLong());
            OffsetPacker.Span span = new OffsetPacker.Span(life.name(), bytes, life.first(), life.last());
            if (placed) {
                fixed.put(span, keptOffsets.get(life.name()));
            } else {
                open.add(span);
            }
        }
        OffsetPacker.Packing packing = OffsetPacker.pack(open, fixed,
            !placement.inWorkspace().isEmpty());
        Map<String, Long> offsets = new HashMap<>(packing.offsets());
        inPlace.keySet().forEach(n -> offsets.put(n, offsets.get(first(n))));
        Map<String, Integer> one = new HashMap<>();
        offsets.keySet().stream().filter(n -> !placement.roomFor().contains(n)).forEach(n -> one.put(n, 0));
        return new MemoryPlan(packing.bytes() == 0 ? List.of() : List.of(SymInt.of(packing.bytes())), Map.copyOf(one),
            Map.copyOf(offsets), Map.copyOf(inPlace));
    }

    /** What a chain of buffers in the same place begins with. */
    private String first(String name) {
        String first = name;
        while (inPlace.containsKey(first)) {
            first = inPlace.get(first);
        }
        return first;
    }

    /** Lives, where those in the same place are one. */
    private List<Life> together() {
        Map<String, Life> whole = new LinkedHashMap<>();
        for (Life life : lives) {
            whole.merge(first(life.name()), life, Life::until);
        }
        return List.copyOf(whole.values());
    }

    /** Callers have a byte even of empty tensors. */
    private static long keptBytes(Buffer buffer) {
        return aligned(Math.max(1, buffer.bytes().asLong()));
    }

    /** @param reserved bytes of a first slot for what is kept, which nothing shares */
    private MemoryPlan greedy(int groups, long reserved) {
        if (!placement.kept().isEmpty()) {
            slots.add(SymInt.of(reserved));
        }
        List<Life> open = inside();
        for (int g = 0; g < groups; g++) {
            for (Life life : open) {
                if (life.first() == g) {
                    slotOf.put(life.name(), take(mostBytes(life.buffer())));
                }
            }
            for (Life life : open) {
                if (life.last() == g) {
                    free.add(slotOf.get(life.name()));
                }
            }
        }
        placement.kept().forEach(name -> slotOf.put(name, 0));
        return new MemoryPlan(List.copyOf(slots), Map.copyOf(slotOf), Map.copyOf(keptOffsets),
            Map.of());
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
