package dev.kiln.stages.oracle;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.stages.codegen.GraphRunner.Program;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs a graph without symbols in libtorch, one call after the other. */
public final class TorchGraph {
    private TorchGraph() {
    }

    /** @throws TorchOracle.Rejected if libtorch does not take one of the calls */
    public static Map<String, ConstantValue> run(Program program) {
        Graph graph = program.graph();
        Map<Arg.Ref, ConstantValue> values = new HashMap<>();
        for (Node node : graph.nodes()) {
            switch (node) {
                case Node.Placeholder p -> values.put(Arg.ref(p.name()), program.inputs().get(p.source()));
                case Node.Constant c -> values.put(Arg.ref(c.name()), c.value());
                case Node.Call c -> {
                    List<ConstantValue> results = TorchOracle.run(c.op(), c.args(), values);
                    for (int i = 0; i < results.size(); i++) {
                        values.put(new Arg.Ref(c.name(), i), results.get(i));
                    }
                }
            }
        }
        Map<String, ConstantValue> outputs = new LinkedHashMap<>();
        graph.outputs().forEach(o -> outputs.put(o.name(), values.get(o.value())));
        return outputs;
    }
}
