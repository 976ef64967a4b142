package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import dev.kiln.ops.KilnException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The nodes that a graph's outputs need, in the file's order; all of them must be supported operators. */
final class LiveNodes {
    private LiveNodes() {
    }

    static List<OnnxNode> of(GraphProto graph) {
        List<OnnxNode> live = select(graph);
        Map<String, String> unsupported = new LinkedHashMap<>();
        collectUnsupported(live, unsupported);
        if (unsupported.size() == 1) {
            throw new KilnException.Unsupported("operator " + unsupported.values().iterator().next()
                + " is not supported");
        }
        if (!unsupported.isEmpty()) {
            throw new KilnException.Unsupported(unsupported.size() + " operators are not supported: "
                + String.join(", ", unsupported.values()));
        }
        return live;
    }

    static List<OnnxNode> select(GraphProto graph) {
        List<OnnxNode> nodes = OnnxNode.of(graph);
        Map<String, OnnxNode> producers = producers(nodes);
        Set<String> reached = new HashSet<>();
        List<String> pending = new ArrayList<>();
        graph.getOutputList().forEach(o -> pending.add(o.getName()));
        // by identity: hashing a protobuf message would load its descriptors
        Set<OnnxNode> live = Collections.newSetFromMap(new IdentityHashMap<>());
        while (!pending.isEmpty()) {
            String name = pending.removeLast();
            OnnxNode producer = reached.add(name) ? producers.get(name) : null;
            if (producer != null && live.add(producer)) {
                collectInputs(producer.proto(), pending);
            }
        }
        return nodes.stream().filter(live::contains).toList();
    }

    private static Map<String, OnnxNode> producers(List<OnnxNode> nodes) {
        Map<String, OnnxNode> producers = new HashMap<>();
        for (OnnxNode node : nodes) {
            for (String output : node.proto().getOutputList()) {
                if (!output.isEmpty() && producers.put(output, node) != null) {
                    throw new KilnException.BadInput("value \"" + output
                        + "\" is produced twice, the second time by " + node);
                }
            }
        }
        return producers;
    }

    /** The node's inputs, and what the nodes of its subgraphs read. */
    private static void collectInputs(NodeProto node, List<String> into) {
        into.addAll(node.getInputList());
        for (AttributeProto attribute : node.getAttributeList()) {
            if (attribute.hasG()) {
                attribute.getG().getNodeList().forEach(n -> collectInputs(n, into));
                attribute.getG().getOutputList().forEach(o -> into.add(o.getName()));
            }
        }
    }

    private static void collectUnsupported(List<OnnxNode> nodes, Map<String, String> into) {
        for (OnnxNode node : nodes) {
            NodeProto proto = node.proto();
            if (OnnxOps.find(proto).isEmpty()) {
                String domain = proto.getDomain().isEmpty() ? "" : "domain " + proto.getDomain() + ", ";
                into.putIfAbsent(proto.getDomain() + "/" + node.op(),
                    node.op() + " (" + domain + "node \"" + node.label() + "\")");
            }
        }
    }
}
