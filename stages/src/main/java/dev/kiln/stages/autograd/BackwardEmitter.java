package dev.kiln.stages.autograd;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Emits a backward graph: what depends on tangents in the joint graph's order, and what is computed again right before
 * its first user, so that it is alive for as short as possible.
 */
final class BackwardEmitter {
    private final Graph joint;
    private final GraphBuilder builder;
    private final Set<String> needed;
    private final Map<Arg.Ref, Arg.Ref> mapped = new HashMap<>();
    private final Set<String> emitted = new HashSet<>();
    private final Set<Arg.Ref> inputs = new HashSet<>();
    private final Set<String> dependent = new HashSet<>();
    private final Repetition repetition;

    /**
     * An emitter.
     *
     * @param needed the calls of the joint graph that belong to the backward graph
     * @param repeats whether what is computed again may be so more than once
     */
    BackwardEmitter(Graph joint, GraphBuilder builder, Set<String> needed, boolean repeats) {
        this.joint = joint;
        this.builder = builder;
        this.needed = needed;
        this.repetition = new Repetition(joint, inputs::contains, repeats);
    }

    /** An input: what was saved of the forward graph, as the forward graph gives it out. */
    void saved(Arg.Ref ref, String source) {
        inputs.add(ref);
        Node node = joint.node(ref.node());
        if (node instanceof Node.Placeholder) {
            tangent(ref);
            return;
        }
        String name = node.outputs().size() == 1 ? node.name() : unused(node.name() + "_" + ref.output());
        FakeTensor tensor = joint.tensor(ref);
        mapped.put(ref, builder.add(new Node.Placeholder(name, source, tensor.fresh(tensor.sizes()))));
    }

    /** An input that is one of the joint graph. */
    void tangent(Arg.Ref ref) {
        inputs.add(ref);
        mapped.put(ref, builder.add(joint.node(ref.node())));
    }

    private String unused(String wish) {
        String name = wish;
        while (joint.has(name)) {
            name += "_";
        }
        return builder.fresh(name);
    }

    /** All calls that depend on the tangents, with what they need. */
    void emit(List<Arg.Ref> tangents) {
        tangents.forEach(t -> dependent.add(t.node()));
        for (Node.Call call : joint.calls()) {
            if (call.inputs().stream().anyMatch(r -> dependent.contains(r.node()))) {
                dependent.add(call.name());
                if (needed.contains(call.name())) {
                    emit(call.name());
                }
            }
        }
    }

    /** The backward graph's value for one of the joint graph. */
    Arg.Ref value(Arg.Ref ref) {
        if (!mapped.containsKey(ref)) {
            emit(ref.node());
        }
        return mapped.get(ref);
    }

    private void emit(String target) {
        List<String> open = new ArrayList<>(List.of(target));
        while (!open.isEmpty()) {
            Node node = joint.node(open.getLast());
            List<String> missing = node instanceof Node.Call call ? missing(call) : List.of();
            if (missing.isEmpty()) {
                open.removeLast();
                if (emitted.add(node.name())) {
                    add(node);
                }
            } else {
                open.addAll(missing.reversed());
            }
        }
    }

    private List<String> missing(Node.Call call) {
        return call.inputs().stream().filter(r -> !mapped.containsKey(r)).map(Arg.Ref::node).distinct().toList();
    }

    private void add(Node node) {
        if (node instanceof Node.Call call) {
            call.inputs().forEach(this::repeat);
        }
        Node own = node instanceof Node.Call call ? moved(call) : node;
        builder.add(own);
        for (int i = 0; i < node.outputs().size(); i++) {
            mapped.putIfAbsent(new Arg.Ref(node.name(), i), new Arg.Ref(own.name(), i));
        }
        repetition.emitted(node);
    }

    /** Computes a value once more if it is better not kept from when it was computed before. */
    private void repeat(Arg.Ref ref) {
        if (dependent.contains(ref.node()) || !repetition.pays(ref)) {
            return;
        }
        Node.Call call = (Node.Call) joint.node(ref.node());
        call.inputs().forEach(this::repeat);
        Node.Call moved = moved(call);
        String name = unused(call.name() + "_again");
        builder.add(new Node.Call(name, moved.op(), moved.args(), moved.outputs(),
            moved.meta().withRepetition(repetition.now())));
        for (int i = 0; i < call.outputs().size(); i++) {
            if (!inputs.contains(new Arg.Ref(call.name(), i))) {
                mapped.put(new Arg.Ref(call.name(), i), new Arg.Ref(name, i));
            }
        }
        repetition.emitted(call);
    }

    /** With arguments of the backward graph. A view may be of something that lies otherwise in memory now. */
    private Node.Call moved(Node.Call call) {
        List<Arg> args = call.args().stream().map(a -> a.mapReferences(mapped::get)).toList();
        List<FakeTensor> outputs = call.op().kind() == OpKind.VIEW
            ? call.op().infer(builder::tensor, builder.shapes(), args) : call.outputs();
        return new Node.Call(call.name(), call.op(), args, outputs, call.meta());
    }
}
