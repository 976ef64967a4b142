package dev.kiln.stages.autograd;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.autograd.JointValues.Value;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes the two graphs of a partition, given what is saved. What the backward graph does not read is not saved. */
final class PartitionWriter {
    private static final String SAVED = "saved_";
    private static final String SIZES = SAVED + "sizes";

    private final JointGraph joint;
    private final Graph graph;
    private final boolean repeats;
    private final Set<Arg.Ref> boundary = new HashSet<>();
    /** Nodes of the backward graph, and what it reads of what is saved. */
    private final Set<String> backward = new HashSet<>();
    private final Map<Arg.Ref, String> saved = new LinkedHashMap<>();

    private PartitionWriter(JointValues values, List<Value> chosen, boolean repeats) {
        this.repeats = repeats;
        joint = values.joint();
        graph = joint.graph();
        chosen.forEach(v -> boundary.add(v.ref()));
        Set<Arg.Ref> read = reach();
        Set<String> taken = new HashSet<>();
        graph.placeholders().forEach(p -> taken.add(p.source()));
        graph.outputs().forEach(o -> taken.add(o.name()));
        taken.add(SIZES);
        chosen.stream().map(Value::ref).filter(read::contains).forEach(r -> saved.put(r, source(r, taken)));
    }

    /** @param repeats whether the backward graph may compute cheap values more than once */
    static Partition write(JointValues values, List<Value> saved, boolean repeats) {
        return new PartitionWriter(values, saved, repeats).write();
    }

    private String source(Arg.Ref ref, Set<String> taken) {
        Node node = graph.node(ref.node());
        if (node instanceof Node.Placeholder p) {
            return p.source();
        }
        String name = SAVED + ref.node() + (node.outputs().size() > 1 ? "_" + ref.output() : "");
        while (!taken.add(name)) {
            name += "_";
        }
        return name;
    }

    /** Collects the backward graph's nodes; gives what they read of the boundary. */
    private Set<Arg.Ref> reach() {
        Set<Arg.Ref> read = new HashSet<>();
        List<Arg.Ref> open = new ArrayList<>();
        joint.backward().forEach(o -> open.add(o.value()));
        while (!open.isEmpty()) {
            Arg.Ref ref = open.removeLast();
            if (boundary.contains(ref)) {
                read.add(ref);
            } else if (graph.node(ref.node()) instanceof Node.Call call) {
                if (backward.add(call.name())) {
                    open.addAll(call.inputs());
                }
            } else if (graph.node(ref.node()) instanceof Node.Placeholder p && !joint.isTangent(p.source())) {
                throw new IllegalStateException("the backward graph needs input " + p.source() + ", which is not saved");
            }
        }
        return read;
    }

    private Partition write() {
        Set<Arg.Ref> inputs = new LinkedHashSet<>(saved.keySet());
        inputs.addAll(joint.tangentRefs());
        BackwardSymbols symbols = BackwardSymbols.of(graph, inputs, backward);
        List<String> names = new ArrayList<>(saved.values());
        List<SymInt> sizes = symbols.unbound();
        if (!sizes.isEmpty()) {
            names.add(SIZES);
        }
        return new Partition(forward(sizes), backward(symbols), names);
    }

    private Graph forward(List<SymInt> sizes) {
        List<Arg.Ref> results = new ArrayList<>(joint.forward().stream().map(Graph.Output::value).toList());
        results.addAll(saved.keySet());
        Set<String> needed = needed(results);
        GraphBuilder builder = new GraphBuilder(graph.shapes().copy());
        for (Node node : graph.nodes()) {
            if (node instanceof Node.Placeholder p ? !joint.isTangent(p.source()) : needed.contains(node.name())) {
                builder.add(node);
            }
        }
        joint.forward().forEach(o -> builder.output(o.name(), o.value()));
        saved.forEach((ref, name) -> {
            if (!(graph.node(ref.node()) instanceof Node.Placeholder)) {
                builder.output(name, ref);
            }
        });
        if (!sizes.isEmpty()) {
            builder.output(SIZES, builder.call("aten.full.default", new Arg.Ints(withZero(sizes)), 0.0,
                BackwardSymbols.CARRIER));
        }
        return builder.build();
    }

    private static List<SymInt> withZero(List<SymInt> sizes) {
        List<SymInt> all = new ArrayList<>(sizes);
        all.add(SymInt.ZERO);
        return all;
    }

    private Set<String> needed(List<Arg.Ref> results) {
        Set<String> needed = new HashSet<>();
        List<String> open = new ArrayList<>(results.stream().map(Arg.Ref::node).toList());
        while (!open.isEmpty()) {
            String name = open.removeLast();
            if (needed.add(name) && graph.node(name) instanceof Node.Call call) {
                call.inputs().forEach(r -> open.add(r.node()));
            }
        }
        return needed;
    }

    private Graph backward(BackwardSymbols symbols) {
        GraphBuilder builder = new GraphBuilder(symbols.shapes());
        BackwardEmitter emitter = new BackwardEmitter(graph, builder, backward, repeats);
        saved.forEach(emitter::saved);
        if (!symbols.unbound().isEmpty()) {
            builder.placeholder(SIZES, FakeTensor.contiguous(BackwardSymbols.CARRIER,
                withZero(symbols.unbound())));
        }
        joint.tangentRefs().forEach(emitter::tangent);
        emitter.emit(joint.tangentRefs());
        joint.backward().forEach(o -> builder.output(o.name(), emitter.value(o.value())));
        return builder.build();
    }
}
