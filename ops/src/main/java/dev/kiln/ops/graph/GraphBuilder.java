package dev.kiln.ops.graph;

import dev.kiln.ops.DType;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Builds a {@link Graph} node by node; each call's outputs are inferred from its op's shape function. */
public final class GraphBuilder {
    private final Map<String, Node> nodes = new LinkedHashMap<>();
    private final List<Graph.Output> outputs = new ArrayList<>();
    private final Map<String, Integer> counters = new LinkedHashMap<>();
    private final ShapeEnv shapes;
    private NodeMeta meta = NodeMeta.NONE;

    public GraphBuilder(ShapeEnv shapes) {
        this.shapes = shapes;
    }

    public ShapeEnv shapes() {
        return shapes;
    }

    /** The source nodes that calls made from now on are said to come from. */
    public GraphBuilder from(List<String> newSources) {
        return from(meta.withSources(newSources));
    }

    /** The metadata of calls made from now on. */
    public GraphBuilder from(NodeMeta newMeta) {
        meta = newMeta;
        return this;
    }

    public Arg.Ref placeholder(String source, FakeTensor tensor) {
        return add(new Node.Placeholder(fresh(source), source, tensor));
    }

    public Arg.Ref constant(String name, ConstantValue value) {
        List<SymInt> sizes = value.sizes().stream().map(SymInt::of).toList();
        return add(new Node.Constant(fresh(name), FakeTensor.contiguous(value.dtype(), sizes), value));
    }

    /**
     * Calls an overload by its full name, e.g. {@code aten.add.Tensor}. Trailing arguments that have a default may
     * be left out. Java values are wrapped: references, numbers, booleans, strings, dtypes, {@link SymInt}, lists
     * of them (with null for an absent tensor), and null for {@code none}.
     */
    public Arg.Ref call(String overload, Object... args) {
        OpOverload op = OpTable.get(overload);
        List<Arg> values = new ArrayList<>();
        for (Object arg : args) {
            values.add(wrap(arg));
        }
        return call(op, values);
    }

    public Arg.Ref call(OpOverload op, List<Arg> args) {
        List<Arg> complete = op.schema().complete(args);
        List<FakeTensor> results = op.infer(this::tensor, shapes, complete);
        return add(new Node.Call(fresh(op.packet()), op, complete, results, meta));
    }

    /** Adds a node as it is (for passes that copy a graph). */
    public Arg.Ref add(Node node) {
        if (nodes.put(node.name(), node) != null) {
            throw new IllegalArgumentException("node %" + node.name() + " is defined twice");
        }
        return Arg.ref(node.name());
    }

    public void output(String name, Arg.Ref value) {
        outputs.add(new Graph.Output(name, value));
    }

    public FakeTensor tensor(Arg.Ref ref) {
        Node node = nodes.get(ref.node());
        if (node == null) {
            throw new IllegalArgumentException("no node %" + ref.node());
        }
        return node.output(ref.output());
    }

    public Node node(Arg.Ref ref) {
        return nodes.get(ref.node());
    }

    public Graph build() {
        return new Graph(new ArrayList<>(nodes.values()), outputs, shapes);
    }

    /** A name that is not taken yet, close to the wish. */
    public String fresh(String wish) {
        String base = identifier(wish);
        String name = base;
        while (nodes.containsKey(name)) {
            name = base + "_" + counters.merge(base, 1, Integer::sum);
        }
        return name;
    }

    private static String identifier(String wish) {
        char[] letters = wish.toCharArray();
        for (int i = 0; i < letters.length; i++) {
            char c = letters[i];
            boolean fits = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_';
            letters[i] = fits ? c : '_';
        }
        boolean starts = letters.length > 0 && !Character.isDigit(letters[0]);
        return starts ? new String(letters) : "v" + new String(letters);
    }

    /** A Java value as an argument; see {@link #call(String, Object...)}. */
    public static Arg wrap(Object value) {
        return switch (value) {
            case null -> Arg.NONE;
            case Arg arg -> arg;
            case SymInt size -> new Arg.Int(size);
            case Integer number -> Arg.of(number);
            case Long number -> Arg.of(number);
            case Double number -> new Arg.Real(number);
            case Float number -> new Arg.Real(number);
            case Boolean flag -> new Arg.Bool(flag);
            case String text -> new Arg.Str(text);
            case DType type -> new Arg.Type(type);
            case long[] sizes -> Arg.ints(sizes);
            case List<?> list -> wrapList(list);
            default -> throw new IllegalArgumentException("not an argument: " + value.getClass());
        };
    }

    private static Arg wrapList(List<?> list) {
        if (list.stream().anyMatch(Arg.Ref.class::isInstance)) {
            return new Arg.Refs(list.stream().map(v -> v == null ? Arg.ABSENT : (Arg.Ref) v).toList());
        }
        if (!list.isEmpty() && list.getFirst() instanceof Boolean) {
            return new Arg.Bools(list.stream().map(Boolean.class::cast).toList());
        }
        if (list.stream().anyMatch(v -> v instanceof Double || v instanceof Float)) {
            return new Arg.Reals(list.stream().map(v -> ((Number) v).doubleValue()).toList());
        }
        return new Arg.Ints(list.stream().map(v -> v instanceof SymInt s ? s : SymInt.of(((Number) v).longValue()))
            .toList());
    }
}
