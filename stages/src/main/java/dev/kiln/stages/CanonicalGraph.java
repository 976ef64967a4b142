package dev.kiln.stages;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.graph.NodeMeta;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/** A graph's text without what has no meaning: node names are numbered, sources are left out. */
final class CanonicalGraph {
    private static final Pattern HINT = Pattern.compile("^(symbol .*\\]) hint -?\\d+", Pattern.MULTILINE);

    private CanonicalGraph() {
    }

    static String text(Graph graph) {
        return canonical(graph).toString();
    }

    /** As {@link #text}, without the sizes that symbols had while tracing. */
    static String withoutHints(Graph graph) {
        return graph.shapes().symbols().isEmpty() ? text(graph) : HINT.matcher(text(graph)).replaceAll("$1");
    }

    private static Graph canonical(Graph graph) {
        Map<String, String> names = new HashMap<>();
        UnaryOperator<Arg.Ref> rename = r -> new Arg.Ref(names.get(r.node()), r.output());
        List<Node> nodes = new ArrayList<>();
        for (Node node : graph.nodes()) {
            String name = "n" + names.size();
            names.put(node.name(), name);
            nodes.add(switch (node) {
                case Node.Placeholder p -> new Node.Placeholder(name, p.source(), p.tensor());
                case Node.Constant c -> new Node.Constant(name, c.tensor(), c.value());
                case Node.Call c -> new Node.Call(name, c.op(),
                    c.args().stream().map(a -> a.mapReferences(rename)).toList(), c.outputs(),
                    NodeMeta.NONE.withLowPrecisionBarrier(c.meta().lowPrecisionBarrier()));
            });
        }
        List<Graph.Output> outputs = graph.outputs().stream()
            .map(o -> new Graph.Output(o.name(), rename.apply(o.value()))).toList();
        return new Graph(nodes, outputs, graph.shapes());
    }
}
