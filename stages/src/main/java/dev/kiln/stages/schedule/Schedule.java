package dev.kiln.stages.schedule;

import dev.kiln.stages.lowering.LoopProgram;
import java.util.List;
import java.util.Set;

/**
 * A loop program as kernels in order of execution, with places for what they exchange.
 *
 * @param kept inputs and outputs that lie at the start of the workspace
 * @param late outputs that are written once nothing reads the input any more that they replace
 */
public record Schedule(LoopProgram program, List<KernelGroup> groups, MemoryPlan memory, List<String> kept,
        Set<String> late) {
}
