package dev.kiln.stages.autograd;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.decompose.Decomposition;
import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.derivative.Backward;
import dev.kiln.ops.derivative.Derivative;
import dev.kiln.ops.derivative.Derivatives;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.stages.pass.GraphRewriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/** Differentiates a graph in reverse mode: from its last call to its first, the rule of each adds the gradients. */
public final class JointGraphBuilder {
    private static final int MAX_ROUNDS = 8;

    private final Graph forward;
    private final Set<String> activeNodes;
    private final GraphBuilder builder;
    private final Emit emit;
    private final Map<Arg.Ref, Arg.Ref> gradients = new HashMap<>();

    private JointGraphBuilder(Graph forward, Set<String> activeNodes) {
        this.forward = forward;
        this.activeNodes = activeNodes;
        builder = new GraphBuilder(forward.shapes().copy());
        emit = new Emit(builder);
    }

    /**
     * The joint graph of a forward graph.
     *
     * @param wanted source names of the inputs whose gradients are asked for
     * @param tangents whether a gradient may come in for an output, by its index; only floating outputs that depend on a
     *     wanted input get one
     * @throws KilnException.Unsupported if a call on the way has no derivative
     */
    public static JointGraph build(Graph forward, Set<String> wanted, Predicate<Integer> tangents) {
        Graph expanded = GraphRewriter.exhaust(forward, MAX_ROUNDS, expansion(wanted));
        return new JointGraphBuilder(expanded, active(expanded, wanted)).joint(wanted, tangents);
    }

    /** Replaces calls on the way of gradients that have no rule by what they decompose to. */
    private static GraphRewriter.Rule expansion(Set<String> wanted) {
        Set<String> active = new HashSet<>();
        return (g, call) -> {
            if (call.inputs().stream().noneMatch(r -> isActive(g.node(r), wanted, active))) {
                return Optional.empty();
            }
            OpArgs args = new OpArgs(call.op().schema(), call.args(), g::tensor, g.shapes());
            Optional<Decomposition> decomposition = Derivatives.decomposition(call, args);
            if (decomposition.isEmpty()) {
                markIfActive(call, active);
                return Optional.empty();
            }
            List<Arg.Ref> results = decomposition.get().apply(g, args);
            results.forEach(r -> active.add(r.node()));
            return Optional.of(results);
        };
    }

    private static boolean isActive(Node node, Set<String> wanted, Set<String> active) {
        return active.contains(node.name()) || node instanceof Node.Placeholder p && wanted.contains(p.source());
    }

    private static void markIfActive(Node.Call call, Set<String> active) {
        for (int i = 0; i < call.outputs().size(); i++) {
            if (Derivatives.passes(call, i)) {
                active.add(call.name());
            }
        }
    }

    /** Nodes that depend on a wanted input in a way that gradients pass. */
    private static Set<String> active(Graph graph, Set<String> wanted) {
        Set<String> active = new HashSet<>();
        for (Node node : graph.nodes()) {
            switch (node) {
                case Node.Placeholder p when wanted.contains(p.source()) -> active.add(p.name());
                case Node.Call c when c.inputs().stream().anyMatch(r -> active.contains(r.node())) ->
                    markIfActive(c, active);
                default -> { }
            }
        }
        return active;
    }

    private boolean isWanted(Arg.Ref ref) {
        if (!activeNodes.contains(ref.node())) {
            return false;
        }
        return switch (forward.node(ref.node())) {
            case Node.Call call -> Derivatives.passes(call, ref.output());
            case Node.Placeholder p -> p.tensor().dtype().isFloating();
            case Node.Constant ignored -> false;
        };
    }

    private JointGraph joint(Set<String> wanted, Predicate<Integer> tangents) {
        forward.nodes().forEach(builder::add);
        forward.outputs().forEach(o -> builder.output(o.name(), o.value()));
        List<JointGraph.Tangent> incoming = addTangents(tangents);
        for (Node.Call call : forward.calls().reversed()) {
            differentiate(call);
        }
        List<String> outgoing = new ArrayList<>();
        for (Node.Placeholder p : forward.placeholders()) {
            if (wanted.contains(p.source()) && isWanted(Arg.ref(p.name()))) {
                outgoing.add(p.source());
                Arg.Ref gradient = gradients.get(Arg.ref(p.name()));
                builder.output(JointGraph.GRADIENT + p.source(), gradient != null ? gradient
                    : emit.full(p.tensor().sizes(), 0, p.tensor().dtype()));
            }
        }
        return new JointGraph(builder.build(), forward.outputs().size(), incoming, outgoing);
    }

    private List<JointGraph.Tangent> addTangents(Predicate<Integer> tangents) {
        List<JointGraph.Tangent> incoming = new ArrayList<>();
        for (int i = 0; i < forward.outputs().size(); i++) {
            Arg.Ref value = forward.outputs().get(i).value();
            if (tangents.test(i) && isWanted(value)) {
                FakeTensor tensor = forward.tensor(value);
                String source = JointGraph.TANGENT + i;
                Arg.Ref tangent = builder.placeholder(source, tensor.fresh(tensor.sizes()));
                incoming.add(new JointGraph.Tangent(i, source));
                gradients.merge(value, tangent, (a, b) -> emit.add(a, b));
            }
        }
        return incoming;
    }

    private void differentiate(Node.Call call) {
        Map<Integer, Arg.Ref> outputs = new HashMap<>();
        for (int i = 0; i < call.outputs().size(); i++) {
            Arg.Ref gradient = gradients.get(new Arg.Ref(call.name(), i));
            if (gradient != null) {
                outputs.put(i, gradient);
            }
        }
        if (outputs.isEmpty() || call.inputs().stream().noneMatch(this::isWanted)) {
            return;
        }
        Derivative rule = Derivatives.find(call.op()).orElseThrow(() -> new KilnException.Unsupported(
            "the derivative of " + call.op() + " is not supported" + (call.sources().isEmpty() ? ""
                : " (called by " + String.join(", ", call.sources()) + ")")));
        builder.from(call.replacementMeta());
        rule.apply(new Backward(emit, call, outputs, this::isWanted, gradients));
    }
}
