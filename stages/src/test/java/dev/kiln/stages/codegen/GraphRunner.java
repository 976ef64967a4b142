package dev.kiln.stages.codegen;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.gemm.CacheSizes;
import dev.kiln.kernels.toolchain.CompilerException;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.codegen.GraphBatch.Effort;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Compiles and runs many graphs; a graph that fails in any phase fails alone. */
public final class GraphRunner {
    /** Programs that are compiled into one shared object. */
    public static final int BATCH = 80;

    private final Setup setup;

    public GraphRunner(Isa isa, Effort effort) {
        this(Setup.of(isa, effort));
    }

    public GraphRunner(Setup setup) {
        this.setup = setup;
    }

    /**
     * How graphs are compiled and run.
     *
     * @param caches sizes that blockings are chosen for; empty for this machine's
     * @param variant number of the variant that each kernel takes, modulo as many as it has
     * @param poisoned whether workspaces are full of NaN before each call
     */
    public record Setup(Isa isa, Effort effort, int threads, Optional<CacheSizes> caches, int variant, boolean poisoned) {
        private static final int THREADS = 2;

        public static Setup of(Isa isa, Effort effort) {
            return new Setup(isa, effort, THREADS, Optional.empty(), 0, false);
        }

        public Setup withThreads(int count) {
            return new Setup(isa, effort, count, caches, variant, poisoned);
        }

        public Setup withCaches(long l1d, long l2) {
            return new Setup(isa, effort, threads, Optional.of(new CacheSizes(l1d, l2)), variant, poisoned);
        }

        public Setup withVariant(int number) {
            return new Setup(isa, effort, threads, caches, number, poisoned);
        }

        public Setup withPoison() {
            return new Setup(isa, effort, threads, caches, variant, true);
        }

        CodegenTarget target() {
            return caches.map(c -> new CodegenTarget(isa, c, Set.of()))
                .orElseGet(() -> CodegenTarget.of(isa, CpuInfo.detect(), Set.of()));
        }
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
        Map<Graph, List<Integer>> users = new IdentityHashMap<>();
        for (int i = 0; i < programs.size(); i++) {
            users.computeIfAbsent(programs.get(i).graph(), g -> new ArrayList<>()).add(i);
        }
        Map<BatchedGraph, List<Integer>> graphs = new IdentityHashMap<>();
        users.forEach((graph, numbers) -> {
            try {
                graphs.put(BatchedGraph.of(graph, setup), numbers);
            } catch (RuntimeException e) {
                numbers.forEach(n -> results.put(n, failing(e)));
            }
        });
        run(programs, graphs, List.copyOf(graphs.keySet()), results);
        List<Supplier<Map<String, ConstantValue>>> ordered = new ArrayList<>();
        for (int i = 0; i < programs.size(); i++) {
            ordered.add(results.get(i));
        }
        return ordered;
    }

    /** In one shared object; if the C compiler refuses that, in halves, down to the graph that it refuses. */
    private void run(List<Program> programs, Map<BatchedGraph, List<Integer>> users,
            List<BatchedGraph> graphs,
            Map<Integer, Supplier<Map<String, ConstantValue>>> results) {
        if (graphs.isEmpty()) {
            return;
        }
        try (GraphBatch batch = GraphBatch.compile(graphs, setup)) {
            for (int i = 0; i < graphs.size(); i++) {
                for (int number : users.get(graphs.get(i))) {
                    results.put(number, result(batch, i, programs.get(number).inputs()));
                }
            }
        } catch (CompilerException e) {
            if (graphs.size() == 1) {
                users.get(graphs.getFirst()).forEach(n -> results.put(n, failing(e)));
                return;
            }
            int half = graphs.size() / 2;
            run(programs, users, graphs.subList(0, half), results);
            run(programs, users, graphs.subList(half, graphs.size()), results);
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

    /** What is run where a graph failed before. */
    public static Supplier<Map<String, ConstantValue>> failing(RuntimeException e) {
        return () -> {
            throw e;
        };
    }
}
