package dev.kiln.stages.schedule;

import dev.kiln.stages.lowering.LoopNode;
import java.util.List;
import java.util.Set;

/** A group of one node, which gives a size. */
record SizeBuilder(LoopNode.DataSize node) implements GroupBuilder {
    @Override
    public List<LoopNode> members() {
        return List.of(node);
    }

    @Override
    public boolean tryAdd(LoopNode other) {
        return false;
    }

    @Override
    public KernelGroup build(Set<String> visible) {
        return new KernelGroup.Size(node);
    }
}
