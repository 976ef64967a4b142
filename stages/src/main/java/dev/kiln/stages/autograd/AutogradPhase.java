package dev.kiln.stages.autograd;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.trace.Traced;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * The autograd split in its inference form: the forward graph is the traced graph, nothing is saved for a backward,
 * and outputs are classified by how they relate to inputs and to each other.
 */
public final class AutogradPhase {
    private AutogradPhase() {
    }

    public static GraphSplit run(Traced traced) {
        Graph graph = traced.graph();
        List<AotEntry.Input> inputs = graph.placeholders().stream()
            .map(p -> new AotEntry.Input(p.source(), AotEntry.InputKind.USER_INPUT, false, false)).toList();
        Map<Arg.Ref, Integer> first = new HashMap<>();
        List<AotEntry.Output> outputs = IntStream.range(0, graph.outputs().size())
            .mapToObj(i -> classify(graph, i, first)).toList();
        return new GraphSplit(traced.model(), graph, inputs, outputs);
    }

    private static AotEntry.Output classify(Graph graph, int index, Map<Arg.Ref, Integer> first) {
        Graph.Output output = graph.outputs().get(index);
        int input = graph.placeholders().stream().map(p -> p.name()).toList().indexOf(output.value().node());
        if (input >= 0) {
            return new AotEntry.Output(output.name(), AotEntry.OutputKind.IS_INPUT, input);
        }
        Integer earlier = first.putIfAbsent(output.value(), index);
        return earlier == null ? new AotEntry.Output(output.name(), AotEntry.OutputKind.FRESH, -1)
            : new AotEntry.Output(output.name(), AotEntry.OutputKind.ALIAS_OF_OUTPUT, earlier);
    }
}
