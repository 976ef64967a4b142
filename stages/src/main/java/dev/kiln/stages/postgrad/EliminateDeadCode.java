package dev.kiln.stages.postgrad;

import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Drops calls and constants that no output needs; inputs stay, since they are the graph's signature. */
public final class EliminateDeadCode implements Pass {
    @Override
    public Graph run(Graph graph, PassContext context) {
        return run(graph);
    }

    public static Graph run(Graph graph) {
        Set<String> live = new HashSet<>();
        graph.outputs().forEach(o -> live.add(o.value().node()));
        List<Node> nodes = graph.nodes();
        for (Node node : nodes.reversed()) {
            if (live.contains(node.name()) && node instanceof Node.Call call) {
                call.inputs().forEach(r -> live.add(r.node()));
            }
        }
        List<Node> kept = nodes.stream()
            .filter(n -> n instanceof Node.Placeholder || live.contains(n.name())).toList();
        return kept.size() == nodes.size() ? graph : new Graph(kept, graph.outputs(), graph.shapes());
    }
}
