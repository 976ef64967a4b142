package dev.kiln.stages.postgrad;

import dev.kiln.ops.graph.Graph;
import java.util.List;

/**
 * What the post-grad phase gives: a graph in which each op has a lowering.
 *
 * @param kept names of inputs and outputs that lie at the start of the workspace
 */
public record PostGradDone(Graph graph, List<String> kept) {
    public PostGradDone(Graph graph) {
        this(graph, List.of());
    }
}
