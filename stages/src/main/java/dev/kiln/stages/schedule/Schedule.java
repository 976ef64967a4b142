package dev.kiln.stages.schedule;

import dev.kiln.stages.lowering.LoopProgram;
import java.util.List;

/**
 * A loop program as kernels in order of execution, with places for what they exchange.
 */
public record Schedule(LoopProgram program, List<KernelGroup> groups, MemoryPlan memory, Placement placement) {
}
