package dev.kiln.pipeline.function;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.postcompile.OutputMemory;
import dev.kiln.tensor.InterpreterValues;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The graph as it was traced and split, without any pass or native code, by plain loops. */
record InterpretedRunner(Graph graph) implements GraphRunner {
    @Override
    public List<Tensor> run(Map<String, Tensor> inputs, OutputMemory memory) {
        Map<String, ConstantValue> values = new HashMap<>();
        inputs.forEach((name, tensor) -> values.put(name, InterpreterValues.constant(tensor)));
        return Interpreter.run(graph, values).values().stream().map(InterpreterValues::tensor).toList();
    }

    @Override
    public List<String> inputs() {
        return graph.placeholders().stream().map(Node.Placeholder::source).toList();
    }

    @Override
    public List<String> outputs() {
        return graph.outputs().stream().map(Graph.Output::name).toList();
    }

    /** The interpreter checks them itself. */
    @Override
    public boolean accepts(Map<String, Tensor> inputs) {
        return true;
    }

    @Override
    public boolean writesLate(int output) {
        return false;
    }

    @Override
    public void close() {
    }
}
