package dev.kiln.stages.autograd;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Graph;
import java.util.List;

/**
 * Forward and backward in one graph. Its inputs are the forward graph's (primals), then the tangents; its outputs are
 * the forward graph's, then the gradients.
 *
 * @param forwardOutputs how many of the outputs are the forward graph's
 * @param tangents one for each forward output that a gradient comes in for, in order
 * @param gradients one for each primal that a gradient goes out for, in order; their outputs are called {@code grad_}
 *     and the primal's name
 */
public record JointGraph(Graph graph, int forwardOutputs, List<Tangent> tangents, List<String> gradients) {
    public static final String TANGENT = "tangent_";
    public static final String GRADIENT = "grad_";

    /** A gradient that comes in: the forward output it belongs to, and the placeholder's source name. */
    public record Tangent(int output, String source) {
    }

    public JointGraph {
        tangents = List.copyOf(tangents);
        gradients = List.copyOf(gradients);
    }

    public List<Graph.Output> forward() {
        return graph.outputs().subList(0, forwardOutputs);
    }

    public List<Graph.Output> backward() {
        return graph.outputs().subList(forwardOutputs, graph.outputs().size());
    }

    /** Whether a placeholder is a tangent. */
    public boolean isTangent(String source) {
        return tangents.stream().anyMatch(t -> t.source().equals(source));
    }

    /** The placeholders of the tangents, in order. */
    public List<Arg.Ref> tangentRefs() {
        return tangents.stream().map(t -> graph.placeholders().stream().filter(p -> p.source().equals(t.source()))
            .findFirst().orElseThrow()).map(p -> Arg.ref(p.name())).toList();
    }
}
