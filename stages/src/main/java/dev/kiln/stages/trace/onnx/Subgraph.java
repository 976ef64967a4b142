package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.kiln.ops.KilnException;
import java.util.List;

/**
 * The graph in an attribute of a control-flow node, put in place of the node once or several times. Its names are
 * unique in the whole model, as ONNX demands, and it reads those of the graphs around it.
 */
final class Subgraph {
    private final NodeImport n;
    private final String attribute;
    private final GraphProto graph;
    private final List<OnnxNode> nodes;

    Subgraph(NodeImport n, String attribute) {
        this.n = n;
        this.attribute = attribute;
        this.graph = n.attributes().graph(attribute).orElseThrow(() -> Attributes.missing(attribute));
        this.nodes = LiveNodes.of(graph);
        for (TensorProto tensor : graph.getInitializerList()) {
            n.context().values().put(tensor.getName(), new Value.Literal(
                () -> n.context().reader().read(tensor), QuantizedType.isFourBits(tensor.getDataType())));
        }
    }

    ValueInfoProto output(int index) {
        return graph.getOutput(index);
    }

    int outputs() {
        return graph.getOutputCount();
    }

    int inputs() {
        return graph.getInputCount();
    }

    /** Translates the nodes for these inputs; gives the outputs in order. */
    List<Value> place(List<Value> inputs) {
        Values values = n.context().values();
        if (inputs.size() != graph.getInputCount()) {
            throw new KilnException.BadInput(attribute + " takes " + graph.getInputCount() + " inputs, gets "
                + inputs.size());
        }
        for (int i = 0; i < inputs.size(); i++) {
            values.put(graph.getInput(i).getName(), inputs.get(i));
        }
        new GraphWalk(n.context(), graph).run(nodes);
        return graph.getOutputList().stream().map(output -> {
            if (!values.has(output.getName())) {
                throw new KilnException.BadInput("output \"" + output.getName() + "\" of " + attribute
                    + " is undefined");
            }
            return values.get(output.getName());
        }).toList();
    }
}
