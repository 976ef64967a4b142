package dev.kiln.stages.schedule;

import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Map;

/**
 * Where buffers lie in the workspace. Those whose lives do not overlap share memory.
 *
 * @param slots bytes of each slot
 * @param slotOf slot of each buffer: of intermediate ones, and of inputs and outputs that lie in the workspace
 * @param offsets bytes from the start of the slot, of those buffers that lie elsewhere than there; and from the start of the
 *     first slot, of outputs that have room in it
 * @param inPlace results that their kernels write over what they read, and what that is: both lie in the same place
 */
public record MemoryPlan(List<SymInt> slots, Map<String, Integer> slotOf, Map<String, Long> offsets,
        Map<String, String> inPlace) {
    public long offset(String buffer) {
        return offsets.getOrDefault(buffer, 0L);
    }
}
