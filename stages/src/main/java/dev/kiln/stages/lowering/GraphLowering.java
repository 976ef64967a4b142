package dev.kiln.stages.lowering;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Turns a post-grad graph into loop IR. A value stays a formula (and is taken in by its consumers) until something
 * needs it in memory: more than one use, a template, a graph output, or a view that a formula cannot express.
 */
public final class GraphLowering {
    private final Graph graph;
    private final Map<String, List<Node.Call>> users;
    private final Map<Arg.Ref, Value> values = new HashMap<>();
    private final Map<String, Buffer> buffers = new LinkedHashMap<>();
    private final Map<String, ConstantValue> constants = new LinkedHashMap<>();
    private final List<Buffer> inputs = new ArrayList<>();
    private final List<LoopNode> nodes = new ArrayList<>();
    private final Map<Arg.Ref, Set<String>> origins = new HashMap<>();
    private final Set<String> outputNodes = new HashSet<>();

    private GraphLowering(Graph graph) {
        this.graph = graph;
        this.users = graph.users();
        graph.outputs().forEach(o -> outputNodes.add(o.value().node()));
    }

    public static LoopProgram lower(Graph graph) {
        return lower(graph, Set.of());
    }

    /** @param copied names of outputs that are a copy of a value that lies in memory, and in no input's */
    public static LoopProgram lower(Graph graph, Set<String> copied) {
        return new GraphLowering(graph).lower(copied);
    }

    private LoopProgram lower(Set<String> copied) {
        graph.nodes().forEach(this::lower);
        List<Buffer> outputs = new OutputBinding(this, copied).bind(graph.outputs());
        return new LoopProgram(inputs, outputs, constants, buffers, nodes, graph.shapes());
    }

    private void lower(Node node) {
        switch (node) {
            case Node.Placeholder p -> {
                FakeTensor t = p.tensor();
                Buffer buffer = declare(new Buffer(p.name(), Buffer.Kind.INPUT, t.dtype(), t.sizes(), t.strides()));
                inputs.add(buffer);
                values.put(Arg.ref(p.name()), new Value.Strided(buffer, t.sizes(), t.strides(), t.offset()));
            }
            case Node.Constant c -> constant(c);
            case Node.Call call -> call(call);
        }
    }

    private void constant(Node.Constant c) {
        if (c.value().numel() == 1 && !c.value().dtype().isComplex()) {
            Scalar literal = c.tensor().dtype().isFloating() ? Scalar.literal(c.value().doubleAt(0), c.value().dtype())
                : Scalar.literal(c.value().longAt(0), c.value().dtype());
            values.put(Arg.ref(c.name()), new Value.Computed(c.value().dtype(), c.tensor().sizes(), i -> literal));
            return;
        }
        Buffer buffer = declare(contiguous(c.name(), Buffer.Kind.CONSTANT, c.value().dtype(), c.tensor().sizes()));
        constants.put(c.name(), c.value());
        values.put(Arg.ref(c.name()), whole(buffer));
    }

    private void call(Node.Call call) {
        Set<String> from = new LinkedHashSet<>();
        call.inputs().forEach(r -> from.addAll(origins.getOrDefault(r, Set.of())));
        from.add(call.name());
        OpArgs args = new OpArgs(call.op().schema(), call.args(), graph::tensor, graph.shapes());
        CallLowering context = new CallLowering(this, call, args, from);
        List<Value> results = switch (call.op().kind()) {
            case ELEMENTWISE -> List.of(ElementwiseLowering.lower(context));
            case VIEW -> List.of(ViewLowering.lower(context));
            case REDUCTION -> ReductionLowering.lower(context);
            case INDEXING -> List.of(IndexingLowering.lower(context));
            case SEQUENTIAL -> SequentialLowering.lower(context);
            case FACTORY -> List.of(FactoryLowering.lower(context));
            case CONTRACTION -> List.of(ContractionLowering.lower(context));
            case DATA_SIZED -> List.of(DataSizeLowering.lower(context));
            case COMPOSITE -> throw new KilnException.Unsupported(
                "operator " + call.op() + " (node %" + call.name() + ") has no lowering and no decomposition");
        };
        for (int i = 0; i < results.size(); i++) {
            settle(call, i, results.get(i), from);
        }
    }

    /** Realizes a formula with several consumers; an origin counts until its value has been written. */
    private void settle(Node.Call call, int output, Value value, Set<String> from) {
        Arg.Ref ref = new Arg.Ref(call.name(), output);
        boolean shared = users.getOrDefault(call.name(), List.of()).size() > 1;
        Value settled = value instanceof Value.Computed computed && shared && computesSomething(computed)
            ? realize(computed, call.name() + (output == 0 ? "" : "_" + output), from) : value;
        values.put(ref, settled);
        if (settled instanceof Value.Computed) {
            origins.put(ref, from);
        } else if (!(value instanceof Value.Computed)) {
            origins.put(ref, Set.of());
        }
    }

    /** Whether taking the formula in twice would compute something twice (a load or a cast alone does not count). */
    private static boolean computesSomething(Value.Computed value) {
        Scalar body = value.load(LoopVars.outputs(value.rank()));
        boolean[] found = {false};
        body.rewrite(s -> {
            found[0] |= s instanceof Scalar.Apply a && a.op() != ScalarOp.CAST || s instanceof Scalar.Gather;
            return s;
        });
        return found[0];
    }

    /** Whether a call's result goes to calls of one op only. */
    boolean isReadOnlyBy(Node.Call call, String op) {
        return graph.outputs().stream().noneMatch(o -> o.value().node().equals(call.name()))
            && users.getOrDefault(call.name(), List.of()).stream().allMatch(user -> user.is(op));
    }

    /** The value in memory: itself, or a new contiguous buffer filled by a pointwise node. */
    Value.Strided realize(Value value, String wish, Set<String> from) {
        if (value instanceof Value.Strided strided) {
            return strided;
        }
        return store(value, wish, from);
    }

    /** The value in a new buffer, in the order of memory that suits it. */
    private Value.Strided store(Value value, String wish, Set<String> from) {
        if (ChannelsLast.suits(value)) {
            Value memory = ChannelsLast.toMemory(value);
            Buffer buffer = allocate(wish, value.dtype(), memory.sizes());
            fill(buffer, memory, from);
            return ChannelsLast.fromMemory(whole(buffer));
        }
        Buffer buffer = allocate(wish, value.dtype(), value.sizes());
        fill(buffer, value, from);
        return whole(buffer);
    }

    /** Writes a value into a buffer of the same sizes. */
    void fill(Buffer buffer, Value value, Set<String> from) {
        if (value instanceof Value.Strided complex && complex.dtype().isComplex()) {
            ComplexLowering.write(this, buffer, ComplexLowering.parts(complex), from);
            return;
        }
        List<SymInt> index = LoopVars.outputs(value.rank());
        nodes.add(new LoopNode.Pointwise(buffer, value.sizes(), LoopVars.offset(index, buffer.strides()),
            value.load(index), List.copyOf(from)));
    }

    Value value(Arg.Ref ref) {
        return values.get(ref);
    }

    void replace(Arg.Ref ref, Value value) {
        values.put(ref, value);
    }

    Set<String> origins(Arg.Ref ref) {
        return origins.getOrDefault(ref, Set.of());
    }

    void add(LoopNode node) {
        nodes.add(node);
    }

    List<LoopNode> nodes() {
        return nodes;
    }

    Graph graph() {
        return graph;
    }

    Map<String, ConstantValue> constants() {
        return constants;
    }

    Buffer allocate(String wish, DType dtype, List<SymInt> sizes) {
        return declare(contiguous(wish, Buffer.Kind.INTERMEDIATE, dtype, sizes));
    }

    /** Registers a buffer, under a fresh name if its own is taken; or again, with another kind. */
    Buffer declare(Buffer buffer) {
        String name = buffer.name();
        for (int i = 1; buffers.containsKey(name); i++) {
            name = buffer.name() + "_b" + i;
        }
        Buffer named = new Buffer(name, buffer.kind(), buffer.dtype(), buffer.sizes(), buffer.strides());
        buffers.put(name, named);
        return named;
    }

    void redeclare(Buffer buffer) {
        buffers.put(buffer.name(), buffer);
        nodes.replaceAll(n -> n.output().name().equals(buffer.name()) ? n.withOutput(buffer) : n);
    }

    static Buffer contiguous(String name, Buffer.Kind kind, DType dtype, List<SymInt> sizes) {
        return new Buffer(name, kind, dtype, sizes, FakeTensor.contiguousStrides(sizes));
    }

    static Value.Strided whole(Buffer buffer) {
        return new Value.Strided(buffer, buffer.sizes(), buffer.strides(), SymInt.ZERO);
    }
}
