package dev.kiln.stages.schedule;

import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.LoopProgram;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Whether a node may be computed in a kernel long before its own place. Nodes of a backward graph stand right before their
 * first users; in the kernel of what they read, one load is saved, but the result lies about in between. That is worth it
 * only where something as large need not.
 */
final class Hoisting {
    /** The kernel before it is its own place. */
    private static final int NEAR = 1;

    private final LoopProgram program;
    private final boolean limited;
    private final Map<String, Integer> lastRead = new HashMap<>();
    private final Map<LoopNode, Integer> places = new IdentityHashMap<>();
    private final Set<String> kept;

    /** @param placement without room for gradients it is no backward graph, and nothing is limited */
    Hoisting(LoopProgram program, Placement placement) {
        this.program = program;
        this.kept = Set.copyOf(placement.inWorkspace());
        this.limited = !placement.roomFor().isEmpty();
        for (int i = 0; limited && i < program.nodes().size(); i++) {
            LoopNode node = program.nodes().get(i);
            places.put(node, i);
            int place = i;
            node.reads().forEach(r -> lastRead.put(r, place));
        }
    }

    boolean pays(LoopNode node, int kernels) {
        if (!limited || kernels <= NEAR) {
            return true;
        }
        long freed = node.reads().stream().filter(r -> lastRead.get(r).equals(places.get(node)) && isInWorkspace(r))
            .mapToLong(this::bytes).sum();
        return bytes(node.output().name()) <= freed;
    }

    private boolean isInWorkspace(String buffer) {
        return program.buffer(buffer).kind() == Buffer.Kind.INTERMEDIATE || kept.contains(buffer);
    }

    private long bytes(String buffer) {
        return program.shapes().hint(program.buffer(buffer).bytes());
    }
}
