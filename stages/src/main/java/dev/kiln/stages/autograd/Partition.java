package dev.kiln.stages.autograd;

import dev.kiln.ops.graph.Graph;
import java.util.List;

/**
 * A joint graph cut in two.
 *
 * @param forward its inputs are the primals; its outputs the user's, then what is saved for the backward graph, under the
 *     names of {@code saved}
 * @param backward its inputs are what is saved (primals under their own names among it), then the tangents; its outputs
 *     are the gradients
 * @param saved names of the backward graph's inputs that are not tangents, in order: those that are primals' names are
 *     primals, the others are outputs of the forward graph
 */
public record Partition(Graph forward, Graph backward, List<String> saved) {
    public Partition {
        saved = List.copyOf(saved);
    }
}
