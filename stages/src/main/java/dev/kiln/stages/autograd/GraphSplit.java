package dev.kiln.stages.autograd;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.ops.graph.Graph;
import java.util.List;
import java.util.Map;

/**
 * What the autograd split gives: the graph to run forward, and what its inputs and outputs stand for.
 *
 * @param kept names of the graph's outputs (or inputs) that go from a forward to its backward in one piece of memory: they
 *     lie one after the other at the start of the workspace of both, and the backward writes over what it has read
 * @param roomFor names of outputs of known sizes that there is room for in the workspace, if the caller wants them there
 * @param writtenBack inputs whose memory outputs may be written to, by the output's name: such an output is written once
 *     nothing reads the input any more
 */
public record GraphSplit(String model, Graph forward, List<AotEntry.Input> inputs, List<AotEntry.Output> outputs,
        List<String> kept, List<String> roomFor, Map<String, String> writtenBack) {
    public GraphSplit(String model, Graph forward, List<AotEntry.Input> inputs, List<AotEntry.Output> outputs) {
        this(model, forward, inputs, outputs, List.of(), List.of(), Map.of());
    }
}
