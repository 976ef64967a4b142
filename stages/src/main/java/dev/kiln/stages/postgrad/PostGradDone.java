package dev.kiln.stages.postgrad;

import dev.kiln.ops.graph.Graph;
import java.util.List;
import java.util.Map;

/**
 * What the post-grad phase gives: a graph in which each op has a lowering.
 *
 * @param kept names of inputs and outputs that lie at the start of the workspace
 * @param writtenBack inputs that outputs are written over, by the outputs' names
 */
public record PostGradDone(Graph graph, List<String> kept, Map<String, String> writtenBack) {
    public PostGradDone(Graph graph) {
        this(graph, List.of(), Map.of());
    }
}
