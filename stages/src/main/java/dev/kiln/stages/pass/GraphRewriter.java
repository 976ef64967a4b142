package dev.kiln.stages.pass;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.BoundSymbols;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Copies a graph in order and lets a rule replace calls on the way. Names of nodes that stay are kept; the rule sees
 * arguments that already refer to the new graph. What replaces a call binds the same unbacked symbols.
 */
public final class GraphRewriter {
    /** Replaces a call by values of the new graph, one an output; empty keeps the call. */
    @FunctionalInterface
    public interface Rule {
        Optional<List<Arg.Ref>> apply(GraphBuilder builder, Node.Call call);
    }

    private GraphRewriter() {
    }

    /**
     * The graph rewritten until the rule applies no more.
     *
     * @throws IllegalStateException if it still applies after {@code mostRounds} rounds
     */
    public static Graph exhaust(Graph graph, int mostRounds, Rule rule) {
        Graph current = graph;
        for (int round = 0; round < mostRounds; round++) {
            Graph next = rewrite(current, rule);
            if (next == current) {
                return next;
            }
            current = next;
        }
        throw new IllegalStateException("a rewriting does not come to an end after " + mostRounds + " rounds");
    }

    /** The rewritten graph, or the same object if the rule never applied. */
    public static Graph rewrite(Graph graph, Rule rule) {
        GraphBuilder builder = new GraphBuilder(graph.shapes().copy());
        Map<Arg.Ref, Arg.Ref> mapped = new HashMap<>();
        boolean changed = false;
        for (Node node : graph.nodes()) {
            if (!(node instanceof Node.Call call)) {
                keep(builder, node, mapped);
                continue;
            }
            Node.Call moved = withMappedArgs(call, mapped);
            builder.from(call.replacementMeta());
            Optional<List<Arg.Ref>> replacement = builder.shapes().rebinding(
                BoundSymbols.of(moved, builder::tensor, builder.shapes()), () -> rule.apply(builder, moved));
            if (replacement.isPresent()) {
                changed = true;
                for (int i = 0; i < replacement.get().size(); i++) {
                    mapped.put(new Arg.Ref(call.name(), i), replacement.get().get(i));
                }
            } else {
                keep(builder, moved, call, mapped);
            }
        }
        graph.outputs().forEach(o -> builder.output(o.name(), mapped.getOrDefault(o.value(), o.value())));
        return changed ? builder.build() : graph;
    }

    /** Adds an input or constant; a constant under a fresh name if a replacement has taken its own. */
    private static void keep(GraphBuilder builder, Node node, Map<Arg.Ref, Arg.Ref> mapped) {
        String name = node instanceof Node.Constant ? builder.fresh(node.name()) : node.name();
        builder.add(node instanceof Node.Constant c ? new Node.Constant(name, c.tensor(), c.value()) : node);
        if (!name.equals(node.name())) {
            mapped.put(Arg.ref(node.name()), Arg.ref(name));
        }
    }

    /** Adds the call under its own name, or under a fresh one if a replacement has taken it. */
    private static void keep(GraphBuilder builder, Node.Call moved, Node.Call old, Map<Arg.Ref, Arg.Ref> mapped) {
        String name = builder.fresh(moved.name());
        builder.add(new Node.Call(name, moved.op(), moved.args(), moved.outputs(), moved.meta()));
        if (!name.equals(old.name())) {
            for (int i = 0; i < old.outputs().size(); i++) {
                mapped.put(new Arg.Ref(old.name(), i), new Arg.Ref(name, i));
            }
        }
    }

    private static Node.Call withMappedArgs(Node.Call call, Map<Arg.Ref, Arg.Ref> mapped) {
        List<Arg> args = call.args().stream()
            .map(a -> a.mapReferences(r -> mapped.getOrDefault(r, r))).toList();
        return new Node.Call(call.name(), call.op(), args, call.outputs(), call.meta());
    }
}
