package dev.kiln.ops.graph;

import dev.kiln.ops.shape.ShapeEnv;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A tensor program in SSA form: nodes in topological order, named outputs, and the symbols its sizes use.
 * Immutable; passes build a new graph with a {@link GraphBuilder}. The form is functional: no node mutates.
 */
public final class Graph {
    /** A result; {@code name} is the name that the user knows it by. */
    public record Output(String name, Arg.Ref value) {
    }

    private final Map<String, Node> nodes;
    private final List<Output> outputs;
    private final ShapeEnv shapes;

    public Graph(List<Node> nodes, List<Output> outputs, ShapeEnv shapes) {
        Map<String, Node> byName = new LinkedHashMap<>();
        for (Node node : nodes) {
            if (byName.put(node.name(), node) != null) {
                throw new IllegalArgumentException("node %" + node.name() + " is defined twice");
            }
        }
        this.nodes = Collections.unmodifiableMap(byName);
        this.outputs = List.copyOf(outputs);
        this.shapes = shapes;
    }

    public List<Node> nodes() {
        return new ArrayList<>(nodes.values());
    }

    public List<Output> outputs() {
        return outputs;
    }

    public ShapeEnv shapes() {
        return shapes;
    }

    public Node node(String name) {
        Node node = nodes.get(name);
        if (node == null) {
            throw new IllegalArgumentException("no node %" + name);
        }
        return node;
    }

    public boolean has(String name) {
        return nodes.containsKey(name);
    }

    public FakeTensor tensor(Arg.Ref ref) {
        return node(ref.node()).output(ref.output());
    }

    public List<Node.Placeholder> placeholders() {
        return select(Node.Placeholder.class).toList();
    }

    public List<Node.Constant> constants() {
        return select(Node.Constant.class).toList();
    }

    public List<Node.Call> calls() {
        return select(Node.Call.class).toList();
    }

    private <N extends Node> Stream<N> select(Class<N> kind) {
        return nodes.values().stream().filter(kind::isInstance).map(kind::cast);
    }

    /** For each node name, the calls that read it (once a use), in order; graph outputs are not in it. */
    public Map<String, List<Node.Call>> users() {
        Map<String, List<Node.Call>> users = new LinkedHashMap<>();
        for (Node.Call call : calls()) {
            call.inputs().forEach(r -> users.computeIfAbsent(r.node(), n -> new ArrayList<>()).add(call));
        }
        return users;
    }

    /** The stable text form; see {@link GraphText}. */
    @Override
    public String toString() {
        return GraphText.print(this);
    }
}
