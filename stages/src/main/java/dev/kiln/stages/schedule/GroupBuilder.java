package dev.kiln.stages.schedule;

import dev.kiln.stages.lowering.LoopNode;
import java.util.List;
import java.util.Set;

/** A kernel group while nodes may still join it. */
sealed interface GroupBuilder permits RowsBuilder, SizeBuilder, TemplateBuilder {
    /** Adds the node if it may be computed in this kernel; false leaves the group as it was. */
    boolean tryAdd(LoopNode node);

    List<LoopNode> members();

    /** @param visible buffers that something outside this group reads, or that are graph outputs */
    KernelGroup build(Set<String> visible);

    default boolean writes(String buffer) {
        return members().stream().anyMatch(n -> n.output().name().equals(buffer));
    }
}
