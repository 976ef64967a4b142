package dev.kiln.stages.oracle;

import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.interpreter.Interpreter;
import java.util.Map;

/** The reference interpreter against libtorch, every op. */
class InterpreterVsTorchTest extends OpOracle {
    @Override
    Map<String, ConstantValue> execute(Graph graph, Map<String, ConstantValue> inputs) {
        return Interpreter.run(graph, inputs);
    }
}
