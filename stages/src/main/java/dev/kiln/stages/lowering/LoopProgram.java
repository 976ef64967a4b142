package dev.kiln.stages.lowering;

import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.shape.ShapeEnv;
import java.util.List;
import java.util.Map;

/**
 * A graph in loop IR.
 *
 * @param inputs in graph order
 * @param outputs in graph order; each a contiguous buffer of its own
 * @param constants values of the constant buffers, by buffer name
 * @param nodes in an order in which producers precede consumers
 */
public record LoopProgram(List<Buffer> inputs, List<Buffer> outputs, Map<String, ConstantValue> constants,
        Map<String, Buffer> buffers, List<LoopNode> nodes, ShapeEnv shapes) {

    public Buffer buffer(String name) {
        return buffers.get(name);
    }

    /** The stable text form, one node a line. */
    @Override
    public String toString() {
        return LoopText.print(this);
    }
}
