package dev.kiln.bench.gemm;

import dev.kiln.cache.Blob;
import dev.kiln.cache.BlobStore;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.CompiledGraph.ConstantSpec;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.postcompile.ExecutableGraph;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Kiln: a call is one of a compiled graph, with its checks of the inputs and a new tensor for the output. */
final class KilnEngine implements Engine {
    private final List<ExecutableGraph> graphs = new ArrayList<>();
    private final Map<String, Tensor> inputs;
    private final String kernel;
    private int next;

    KilnEngine(KilnBench kiln, Problem problem, Problem.Data data) {
        CompiledGraph graph = kiln.compile(problem.name(), problem.graph(data));
        kernel = kernel(graph);
        ConstantValue x = data.x();
        inputs = Map.of("x", Tensor.of(x.data(), x.dtype(), x.sizes().stream().mapToLong(Long::longValue).toArray()));
        for (int copy = 0; copy < problem.copies(); copy++) {
            graphs.add(kiln.load(copy == 0 ? graph : withOwnConstants(graph, kiln.cache().blobs(), copy)));
        }
    }

    /** The same graph with its constants in other memory: in blobs that are a byte or more longer. */
    private static CompiledGraph withOwnConstants(CompiledGraph graph, BlobStore blobs, int copy) {
        Map<Blob, Blob> copies = new HashMap<>();
        List<ConstantSpec> constants = new ArrayList<>();
        for (ConstantSpec spec : graph.constants()) {
            Blob own = copies.computeIfAbsent(spec.blob(), blob -> longer(blobs, blob, copy));
            constants.add(new ConstantSpec(own, spec.offset(), spec.bytes()));
        }
        return new CompiledGraph(graph.key(), graph.code(), graph.signature(), constants, graph.externs(),
            graph.kernels(), graph.cudagraph(), graph.history());
    }

    private static Blob longer(BlobStore blobs, Blob blob, int by) {
        try {
            byte[] content = blobs.read(blob);
            return blobs.put(Arrays.copyOf(content, content.length + by));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What autotuning has chosen for the product, if there was a choice. */
    private static String kernel(CompiledGraph graph) {
        List<String> decisions = graph.history().decisions();
        for (int i = 0; i < decisions.size(); i++) {
            String line = decisions.get(i);
            if (line.contains("AUTOTUNE") && i + 1 < decisions.size()) {
                return decisions.get(i + 1).replaceAll(".*autotune:? *", "").strip().split(" ")[0];
            }
            if (line.contains(" uses ") && line.contains("measured earlier")) {
                return line.replaceAll(".* uses (.*), measured earlier.*", "$1");
            }
        }
        return "";
    }

    String kernel() {
        return kernel;
    }

    @Override
    public String label() {
        return "Kiln";
    }

    @Override
    public void run(int calls) {
        for (int i = 0; i < calls; i++) {
            graphs.get(next).run(inputs);
            next = next + 1 == graphs.size() ? 0 : next + 1;
        }
    }

    @Override
    public ConstantValue result() {
        Tensor y = graphs.getFirst().run(inputs).get("y");
        return new ConstantValue(y.dtype(), Arrays.stream(y.shape()).boxed().toList(), y.data());
    }

    @Override
    public void close() {
        graphs.forEach(ExecutableGraph::close);
    }
}
