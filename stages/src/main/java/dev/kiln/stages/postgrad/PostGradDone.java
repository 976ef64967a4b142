package dev.kiln.stages.postgrad;

import dev.kiln.ops.graph.Graph;
import java.util.List;
import java.util.Map;

/**
 * What the post-grad phase gives: a graph in which each op has a lowering.
 *
 * @param kept names of inputs and outputs that lie at the start of the workspace
 * @param roomFor names of outputs that there is room for in the workspace, if the caller wants them there
 * @param writtenBack inputs that outputs are written over, by the outputs' names
 */
public record PostGradDone(Graph graph, List<String> kept, List<String> roomFor, Map<String, String> writtenBack) {
    public PostGradDone(Graph graph) {
        this(graph, List.of(), List.of(), Map.of());
    }
}
