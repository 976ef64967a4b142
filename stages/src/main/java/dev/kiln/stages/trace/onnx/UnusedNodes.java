package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Drops calls and constants that no output needs; placeholders stay, since callers pass them. */
final class UnusedNodes {
    private UnusedNodes() {
    }

    static Graph remove(Graph graph) {
        Set<String> used = new HashSet<>();
        graph.outputs().forEach(o -> used.add(o.value().node()));
        List<Node> nodes = graph.nodes();
        for (Node node : nodes.reversed()) {
            if (node instanceof Node.Call call && used.contains(call.name())) {
                for (Arg.Ref input : call.inputs()) {
                    used.add(input.node());
                }
            }
        }
        List<Node> kept = nodes.stream()
            .filter(n -> n instanceof Node.Placeholder || used.contains(n.name())).toList();
        return new Graph(kept, graph.outputs(), graph.shapes());
    }
}
