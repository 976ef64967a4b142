package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import dev.kiln.ops.KilnException;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.List;

/** Control flow that is decided while tracing. */
final class ControlImports {
    private ControlImports() {
    }

    static void register(Registry r) {
        r.op("If", ControlImports::branch);
    }

    /** The chosen branch in place of the node; its names are unique in the whole model, as ONNX demands. */
    private static List<Value> branch(NodeImport n) {
        boolean taken = n.required(0, "the condition").longAt(0) != 0;
        String name = taken ? "then_branch" : "else_branch";
        GraphProto branch = n.attributes().graph(name).orElseThrow(() -> Attributes.missing(name));
        Values values = n.context().values();
        for (TensorProto tensor : branch.getInitializerList()) {
            values.put(tensor.getName(), new Value.Literal(() -> n.context().reader().read(tensor)));
        }
        new GraphWalk(n.context(), branch).run(LiveNodes.of(branch));
        return branch.getOutputList().stream().map(output -> {
            if (!values.has(output.getName())) {
                throw new KilnException.BadInput("output \"" + output.getName() + "\" of " + name
                    + " is undefined");
            }
            return values.get(output.getName());
        }).toList();
    }
}
