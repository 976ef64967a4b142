package dev.kiln.stages.autograd;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.ops.graph.Graph;
import java.util.List;

/** What the autograd split gives: the graph to run forward, and what its inputs and outputs stand for. */
public record GraphSplit(String model, Graph forward, List<AotEntry.Input> inputs, List<AotEntry.Output> outputs) {
}
