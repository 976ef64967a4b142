package dev.kiln.stages.trace.function;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.ops.graph.Graph;
import java.util.List;

/**
 * A function as a functional graph. What it did to its inputs is among the outputs.
 *
 * @param graph a placeholder for each of {@code inputs}, in order, whose source is the input's name; an output for each
 *     of {@code outputs}, in order
 * @param outputs the user's, then one of kind {@code MUTATED_INPUT} for each input that the function changes (its base
 *     is the input's index), then those of kind {@code INTERMEDIATE} that user outputs are views of
 */
public record TracedFunction(String name, Graph graph, List<AotEntry.Input> inputs, List<AotEntry.Output> outputs) {
    public TracedFunction {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    /** How many of the outputs the user sees. */
    public int userOutputs() {
        return (int) outputs.stream().filter(o -> o.kind() != AotEntry.OutputKind.MUTATED_INPUT
            && o.kind() != AotEntry.OutputKind.INTERMEDIATE).count();
    }
}
