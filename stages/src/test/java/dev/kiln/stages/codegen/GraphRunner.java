package dev.kiln.stages.codegen;

import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.toolchain.CompilerException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Compiles and runs many graphs; a graph that fails in any phase fails alone. */
public final class GraphRunner {
    private static final int BATCH = 80;

    private final Isa isa;
    private final String level;

    /** @param level an optimisation flag of the C compiler */
    public GraphRunner(Isa isa, String level) {
        this.isa = isa;
        this.level = level;
    }

    /** A graph and inputs by source name. */
    public record Program(Graph graph, Map<String, ConstantValue> inputs) {
    }

    /** Runs all programs; each supplier gives the outputs by name, in order, or throws what went wrong. */
    public List<Supplier<Map<String, ConstantValue>>> prepare(List<Program> programs) {
        List<Supplier<Map<String, ConstantValue>>> results = new ArrayList<>();
        for (int i = 0; i < programs.size(); i += BATCH) {
            results.addAll(batch(programs.subList(i, Math.min(programs.size(), i + BATCH))));
        }
        return results;
    }

    private List<Supplier<Map<String, ConstantValue>>> batch(List<Program> programs) {
        Map<Integer, Supplier<Map<String, ConstantValue>>> results = new LinkedHashMap<>();
        Map<Integer, BatchedGraph> graphs = new LinkedHashMap<>();
        for (int i = 0; i < programs.size(); i++) {
            try {
                graphs.put(i, BatchedGraph.of(programs.get(i).graph(), isa));
            } catch (RuntimeException e) {
                results.put(i, failing(e));
            }
        }
        run(programs, graphs, results);
        List<Supplier<Map<String, ConstantValue>>> ordered = new ArrayList<>();
        for (int i = 0; i < programs.size(); i++) {
            ordered.add(results.get(i));
        }
        return ordered;
    }

    /** In one shared object; if the C compiler refuses that, in halves, down to the graph that it refuses. */
    private void run(List<Program> programs, Map<Integer, BatchedGraph> graphs,
            Map<Integer, Supplier<Map<String, ConstantValue>>> results) {
        List<Integer> numbers = List.copyOf(graphs.keySet());
        if (numbers.isEmpty()) {
            return;
        }
        try (GraphBatch batch = GraphBatch.compile(List.copyOf(graphs.values()), isa, level)) {
            for (int i = 0; i < numbers.size(); i++) {
                results.put(numbers.get(i), result(batch, i, programs.get(numbers.get(i)).inputs()));
            }
        } catch (CompilerException e) {
            if (numbers.size() == 1) {
                results.put(numbers.getFirst(), failing(e));
                return;
            }
            int half = numbers.size() / 2;
            run(programs, part(graphs, numbers.subList(0, half)), results);
            run(programs, part(graphs, numbers.subList(half, numbers.size())), results);
        }
    }

    private static Supplier<Map<String, ConstantValue>> result(GraphBatch batch, int number,
            Map<String, ConstantValue> inputs) {
        try {
            Map<String, ConstantValue> outputs = batch.run(number, inputs);
            return () -> outputs;
        } catch (RuntimeException e) {
            return failing(e);
        }
    }

    private static Map<Integer, BatchedGraph> part(Map<Integer, BatchedGraph> graphs, List<Integer> numbers) {
        Map<Integer, BatchedGraph> part = new LinkedHashMap<>();
        numbers.forEach(n -> part.put(n, graphs.get(n)));
        return part;
    }

    private static Supplier<Map<String, ConstantValue>> failing(RuntimeException e) {
        return () -> {
            throw e;
        };
    }
}
