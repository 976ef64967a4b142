package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayList;
import java.util.List;

/**
 * A node of the file and the name that provenance and errors give it: its own, else operator and position.
 */
record OnnxNode(NodeProto proto, String label) {

    static List<OnnxNode> of(GraphProto graph) {
        List<OnnxNode> nodes = new ArrayList<>();
        for (NodeProto node : graph.getNodeList()) {
            String label = node.getName().isEmpty() ? node.getOpType() + "_" + nodes.size() : node.getName();
            nodes.add(new OnnxNode(node, label));
        }
        return nodes;
    }

    String op() {
        return proto.getOpType();
    }

    @Override
    public String toString() {
        return "node \"" + label + "\" (" + op() + ")";
    }
}
