package dev.kiln.stages.codegen;

import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphText;
import dev.kiln.ops.graph.Node;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Names kernels after their ops, and says in a comment what they compute. Text of a model is made harmless first. */
final class KernelComments {
    private static final int NAME_OPS = 4;

    private KernelComments() {
    }

    static String name(int number, Graph graph, List<String> nodes) {
        Set<String> packets = new LinkedHashSet<>();
        nodes.forEach(n -> packets.add(((Node.Call) graph.node(n)).op().packet()));
        String ops = packets.stream().limit(NAME_OPS).reduce("", (a, b) -> a + "_" + b);
        return "kernel" + number + ops.replaceAll("[^A-Za-z0-9_]", "_");
    }

    static String comment(String name, Graph graph, List<String> nodes) {
        Set<String> sources = new LinkedHashSet<>();
        Set<String> ops = new LinkedHashSet<>();
        StringBuilder fragment = new StringBuilder();
        Map<String, List<Node.Call>> users = graph.users();
        for (String node : nodes) {
            Node.Call call = (Node.Call) graph.node(node);
            sources.addAll(call.sources());
            ops.add(call.op().name());
            String line = GraphText.print(new Node.Call(node, call.op(), call.args(), call.outputs(), List.of()));
            fragment.append("//   ").append(harmless(line)).append("  [num_users=")
                .append(users.getOrDefault(node, List.of()).size()).append("]\n");
        }
        return "// " + name + "\n// Source nodes: " + harmless(sources.toString()) + "\n// Original ATen: "
            + harmless(ops.toString()) + "\n// Graph fragment:\n" + fragment;
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
