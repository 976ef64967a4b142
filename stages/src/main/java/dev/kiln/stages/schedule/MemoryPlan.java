package dev.kiln.stages.schedule;

import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.Map;

/**
 * Where intermediate buffers lie in the workspace. Buffers whose lives do not overlap share a slot.
 *
 * @param slots bytes of each slot
 * @param slotOf slot of each buffer
 */
public record MemoryPlan(List<SymInt> slots, Map<String, Integer> slotOf) {
}
