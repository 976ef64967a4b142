package dev.kiln.stages.codegen;

import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphText;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.graph.NodeMeta;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Names kernels after their ops, and says in a comment what they compute. Text of a model is made harmless first. */
final class KernelComments {
    private static final int NAME_OPS = 4;

    /** A call that a kernel computes, or a part of it. */
    record Origin(Graph graph, String node) {
        Node.Call call() {
            return (Node.Call) graph.node(node);
        }
    }

    private KernelComments() {
    }

    static String name(int number, Graph graph, List<String> nodes) {
        Set<String> packets = new LinkedHashSet<>();
        nodes.forEach(n -> packets.add(((Node.Call) graph.node(n)).op().packet()));
        String ops = packets.stream().limit(NAME_OPS).reduce("", (a, b) -> a + "_" + b);
        return "kernel" + number + ops.replaceAll("[^A-Za-z0-9_]", "_");
    }

    static String comment(String name, Graph graph, List<String> nodes) {
        return comment(name, nodes.stream().map(n -> new Origin(graph, n)).toList());
    }

    /**
     * The kernel's source nodes, original ATen ops and which calls came of which source; if all are of one graph, in
     * that graph's order and with its text, else in the order given, without.
     */
    static String comment(String name, List<Origin> origins) {
        boolean oneGraph = origins.stream().map(Origin::graph).distinct().count() == 1;
        List<Origin> ordered = oneGraph ? sorted(origins) : origins;
        StringBuilder out = new StringBuilder();
        line(out, name);
        line(out, (oneGraph ? "Topologically Sorted" : "Unsorted") + " Source Nodes: " + distinct(ordered,
            o -> o.call().sources()) + ", Original ATen: " + distinct(ordered, o -> List.of(packet(o.call()))));
        line(out, "Source node to ATen node mapping:");
        mapping(ordered).forEach((source, nodes) -> line(out, "  " + source + " => " + String.join(", ", nodes)));
        if (oneGraph) {
            line(out, "Graph fragment:");
            Graph graph = ordered.getFirst().graph();
            Map<String, List<Node.Call>> users = graph.users();
            ordered.forEach(o -> line(out, "  " + fragment(o.call(), graph, users)));
        }
        return out.toString();
    }

    private static List<Origin> sorted(List<Origin> origins) {
        Map<String, Integer> position = new HashMap<>();
        origins.getFirst().graph().calls().forEach(c -> position.put(c.name(), position.size()));
        return origins.stream().sorted(java.util.Comparator.comparing(o -> position.get(o.node()))).toList();
    }

    private static Set<String> distinct(List<Origin> origins, Function<Origin, Collection<String>> text) {
        return origins.stream().flatMap(o -> text.apply(o).stream()).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** {@code aten.softmax} of {@code aten.softmax.int}. */
    private static String packet(Node.Call call) {
        String overload = call.originalAten();
        return overload.substring(0, overload.lastIndexOf('.'));
    }

    /** In alphabetical order, both ways. */
    private static Map<String, Set<String>> mapping(List<Origin> origins) {
        Map<String, Set<String>> mapping = new TreeMap<>();
        for (Origin origin : origins) {
            origin.call().sources().forEach(s -> mapping.computeIfAbsent(s, x -> new TreeSet<>()).add(origin.node()));
        }
        return mapping;
    }

    /** The graph's output counts as one user, however many outputs the call is. */
    private static String fragment(Node.Call call, Graph graph, Map<String, List<Node.Call>> users) {
        boolean returned = graph.outputs().stream().anyMatch(o -> o.value().node().equals(call.name()));
        long uses = users.getOrDefault(call.name(), List.of()).stream().distinct().count() + (returned ? 1 : 0);
        String text = GraphText.print(call.withMeta(NodeMeta.NONE));
        return text.replaceFirst(" = ", " : [num_users=" + uses + "] = ");
    }

    private static void line(StringBuilder out, String text) {
        out.append("// ").append(harmless(text)).append('\n');
    }

    /** One line of printable ASCII that no C comment can be left by (a trailing backslash would join the next line). */
    static String harmless(String text) {
        StringBuilder out = new StringBuilder();
        for (char c : text.toCharArray()) {
            out.append(c < ' ' || c > '~' || c == '\\' || c == '?' ? '.' : c);
        }
        return out.toString().replace("*/", "* /").replace("/*", "/ *");
    }
}
