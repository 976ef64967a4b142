package dev.kiln.stages.schedule;

import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Map;

/**
 * Where buffers lie in the workspace. Those whose lives do not overlap share memory.
 *
 * @param slots bytes of each slot
 * @param slotOf slot of each buffer: of intermediate ones, and of inputs and outputs that lie in the workspace
 * @param offsets bytes from the start of the slot, of those buffers that lie elsewhere than there
 */
public record MemoryPlan(List<SymInt> slots, Map<String, Integer> slotOf, Map<String, Long> offsets) {
    public long offset(String buffer) {
        return offsets.getOrDefault(buffer, 0L);
    }
}
