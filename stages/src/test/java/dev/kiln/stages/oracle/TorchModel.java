package dev.kiln.stages.oracle;

import static org.bytedeco.pytorch.global.torch.compile;
import static org.bytedeco.pytorch.global.torch.grad;
import static org.bytedeco.pytorch.global.torch.setGraphExecutorOptimize;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.CompilationUnit;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/** A whole graph as one TorchScript function, with libtorch's own gradients of its first output. */
final class TorchModel {
    static {
        setGraphExecutorOptimize(false); // or TorchScript differentiates by formulas of its own
    }

    private TorchModel() {
    }

    /**
     * @param outputs by name
     * @param gradients of the first output, which is one number, by input
     */
    record Answer(Map<String, ConstantValue> outputs, Map<String, ConstantValue> gradients) {
    }

    static Answer run(Graph graph, Map<String, ConstantValue> inputs, Set<String> wanted) {
        try (PointerScope scope = new PointerScope(); CompilationUnit unit = compile(source(graph))) {
            Map<String, Tensor> leaves = new LinkedHashMap<>();
            IValueVector stack = new IValueVector();
            for (Node.Placeholder p : graph.placeholders()) {
                Tensor leaf = TorchOracle.tensor(inputs.get(p.source()));
                leaves.put(p.source(), wanted.contains(p.source()) ? leaf.requires_grad_(true) : leaf);
                stack.push_back(new IValue(leaf));
            }
            List<Tensor> results = TorchOracle.tensors(unit.get_functions().get(0).apply(stack));
            Map<String, ConstantValue> outputs = new LinkedHashMap<>();
            for (int i = 0; i < results.size(); i++) {
                outputs.put(graph.outputs().get(i).name(), TorchOracle.constant(results.get(i).detach()));
            }
            return new Answer(outputs, gradients(results.getFirst(), leaves, wanted));
        }
    }

    private static Map<String, ConstantValue> gradients(Tensor loss, Map<String, Tensor> leaves, Set<String> wanted) {
        List<String> names = List.copyOf(wanted);
        TensorVector inputs = new TensorVector();
        names.forEach(n -> inputs.push_back(leaves.get(n)));
        TensorVector found = grad(new TensorVector(loss), inputs, new TensorVector(), new BoolOptional(false), false, false);
        Map<String, ConstantValue> gradients = new HashMap<>();
        for (int i = 0; i < names.size(); i++) {
            gradients.put(names.get(i), TorchOracle.constant(found.get(i)));
        }
        return gradients;
    }

    private static String source(Graph graph) {
        Map<Arg.Ref, String> names = new HashMap<>();
        StringBuilder text = new StringBuilder("def f(" + graph.placeholders().stream().map(p -> p.name() + ": Tensor")
            .collect(Collectors.joining(", ")) + "):\n");
        for (Node node : graph.nodes()) {
            if (node instanceof Node.Call call) {
                String expression = TorchOracle.expression(call.op(), call.args(), names);
                List<String> results = IntStream.range(0, call.outputs().size()).mapToObj(i -> call.name() + "_" + i).toList();
                text.append("    ").append(String.join(", ", results)).append(" = ").append(expression).append('\n');
                IntStream.range(0, results.size()).forEach(i -> names.put(new Arg.Ref(call.name(), i), results.get(i)));
            } else {
                names.put(Arg.ref(node.name()), node.name());
            }
        }
        return text.append("    return (").append(graph.outputs().stream().map(o -> names.get(o.value()))
            .collect(Collectors.joining(", "))).append(",)\n").toString();
    }
}
