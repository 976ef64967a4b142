package dev.kiln.stages.schedule;

import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.Buffer;
import dev.kiln.stages.lowering.LoopNode;
import java.util.List;
import java.util.Set;

/** Loop nodes that become one kernel. */
public sealed interface KernelGroup {
    List<LoopNode> members();

    /** Buffers that exist only inside the kernel: no memory is planned for them. */
    Set<String> internal();

    /**
     * Nodes that walk the same rows. For each point of {@code outer} (variables i0, i1, ...) the stages run in turn;
     * rows are independent of each other.
     */
    record Rows(List<LoopNode> members, List<SymInt> outer, List<Stage> stages, Set<String> internal)
            implements KernelGroup {
    }

    /** One loop nest over {@code inner} (variables j0, j1, ...) that does all its statements for each element. */
    record Stage(List<SymInt> inner, List<Statement> statements) {
    }

    /** A member with its indices in the variables of the group. */
    record Statement(LoopNode node, SymInt store, dev.kiln.ops.scalar.Scalar body) {
        public Buffer output() {
            return node.output();
        }
    }

    /** A node that gives a size; nothing joins it, and what comes later stays later. */
    record Size(LoopNode.DataSize node) implements KernelGroup {
        @Override
        public List<LoopNode> members() {
            return List.of(node);
        }

        @Override
        public Set<String> internal() {
            return Set.of();
        }
    }

    /** A template node and the pointwise nodes that its tiles pass through, in variables i0 (row) and i1 (column). */
    record Template(LoopNode node, List<Statement> epilogue, Set<String> internal) implements KernelGroup {
        @Override
        public List<LoopNode> members() {
            List<LoopNode> members = new java.util.ArrayList<>();
            members.add(node);
            epilogue.forEach(s -> members.add(s.node()));
            return members;
        }
    }
}
