package dev.kiln.stages.autograd;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.stages.trace.Traced;
import dev.kiln.stages.trace.function.TracedFunction;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The autograd split. In its inference form the forward graph is the traced graph, nothing is saved for a backward, and
 * outputs are classified by how they relate to inputs and to each other. In its training form the joint graph of both is
 * cut in two.
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

    /**
     * Splits a traced function. Gradients go out for its inputs that require them, and come in for its own outputs.
     *
     * @throws dev.kiln.ops.KilnException.Unsupported if something on the way has no derivative
     */
    public static FunctionSplit split(TracedFunction function, Partitioner partitioner) {
        Set<String> wanted = function.inputs().stream().filter(AotEntry.Input::requiresGrad).map(AotEntry.Input::name)
            .collect(Collectors.toSet());
        JointGraph joint = JointGraphBuilder.build(function.graph(), wanted,
            i -> function.outputs().get(i).requiresGrad());
        if (joint.tangents().isEmpty() || joint.gradients().isEmpty()) {
            return whole(function);
        }
        Partition partition = partitioner.partition(joint);
        List<String> kept = kept(partition);
        List<String> roomFor = roomFor(partition);
        return new FunctionSplit(part(function, partition.forward(), " forward", kept, List.of(), Map.of()),
            Optional.of(part(function, partition.backward(), " backward", kept, roomFor, Map.of())));
    }

    /** What the forward graph gives the backward graph in one piece of memory: everything, if all sizes are known. */
    private static List<String> kept(Partition partition) {
        List<Node.Placeholder> computed = computed(partition);
        return hasKnownSizes(computed) ? computed.stream().map(Node.Placeholder::source).toList() : List.of();
    }

    private static List<Node.Placeholder> computed(Partition partition) {
        return partition.backward().placeholders().stream()
            .filter(p -> partition.forward().outputs().stream().anyMatch(o -> o.name().equals(p.source())))
            .filter(p -> partition.saved().contains(p.source())).toList();
    }

    private static boolean hasKnownSizes(List<Node.Placeholder> saved) {
        return saved.stream().allMatch(p -> p.tensor().numel().isConstant());
    }

    /** Gradients that may lie where the backward graph has read what was kept: all, if all sizes are known. */
    private static List<String> roomFor(Partition partition) {
        Graph backward = partition.backward();
        boolean known = hasKnownSizes(computed(partition))
            && backward.outputs().stream().allMatch(o -> backward.tensor(o.value()).numel().isConstant());
        return known ? backward.outputs().stream().map(Graph.Output::name).toList() : List.of();
    }

    /** A traced function without gradients. */
    public static FunctionSplit whole(TracedFunction function) {
        return new FunctionSplit(part(function, function.graph(), "", List.of(), List.of(), writtenBack(function)),
            Optional.empty());
    }

    /** New values of inputs, with the inputs that take them. */
    private static Map<String, String> writtenBack(TracedFunction function) {
        Map<String, String> inputs = new TreeMap<>();
        for (int i = 0; i < function.outputs().size(); i++) {
            AotEntry.Output output = function.outputs().get(i);
            if (output.kind() == AotEntry.OutputKind.MUTATED_INPUT) {
                inputs.put(function.graph().outputs().get(i).name(), function.inputs().get(output.base()).name());
            }
        }
        return inputs;
    }

    private static GraphSplit part(TracedFunction function, Graph graph, String which, List<String> kept,
            List<String> roomFor, Map<String, String> writtenBack) {
        return new GraphSplit(function.name() + which, graph, function.inputs(), function.outputs(), kept, roomFor,
            writtenBack);
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
