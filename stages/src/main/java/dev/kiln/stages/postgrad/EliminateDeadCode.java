package dev.kiln.stages.postgrad;

import dev.kiln.ops.graph.BoundSymbols;
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
        Set<String> sizes = new HashSet<>();
        graph.outputs().forEach(o -> live.add(o.value().node()));
        List<Node> nodes = graph.nodes();
        for (Node node : nodes.reversed()) {
            if (node instanceof Node.Call call && (live.contains(node.name()) || binds(graph, call, sizes))) {
                live.add(node.name());
                call.inputs().forEach(r -> live.add(r.node()));
                sizes.addAll(BoundSymbols.mentioned(call, graph.shapes()));
            }
        }
        List<Node> kept = nodes.stream()
            .filter(n -> n instanceof Node.Placeholder || live.contains(n.name())).toList();
        return kept.size() == nodes.size() ? graph : new Graph(kept, graph.outputs(), graph.shapes());
    }

    /** Whether a size that is needed comes from the call. */
    private static boolean binds(Graph graph, Node.Call call, Set<String> sizes) {
        return BoundSymbols.of(call, graph::tensor, graph.shapes()).stream().anyMatch(sizes::contains);
    }
}
