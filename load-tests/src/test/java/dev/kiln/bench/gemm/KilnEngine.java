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
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Kiln: a call is one of a compiled graph, with its checks of the inputs and a new tensor for the output. */
final class KilnEngine implements Engine {
    /** The first line of a log is that of the winner. */
    private static final Pattern CHOICE = Pattern.compile("(\\S+) [0-9.]+ ms 100\\.0%| uses (\\S+), measured earlier");
    /** Bytes of a result; touching that many new pages would take a good part of the time. */
    private static final long LARGE = 32 << 10;
    private static final long MOMENT_MILLIS = 10;

    private final List<ExecutableGraph> graphs = new ArrayList<>();
    private final Map<String, Tensor> inputs;
    private final String kernel;
    private final boolean large;
    private int next;

    KilnEngine(KilnBench kiln, Problem problem, Problem.Data data) {
        CompiledGraph graph = kiln.compile(problem.name(), problem.graph(data));
        kernel = kernel(graph);
        inputs = problem.training() ? Map.of("x", tensor(data.x()), "w", tensor(data.weight()))
            : Map.of("x", tensor(data.x()));
        for (int copy = 0; copy < problem.copies(); copy++) {
            graphs.add(kiln.load(copy == 0 ? graph : withOwnConstants(graph, kiln.cache().blobs(), copy)));
        }
        large = result().data().byteSize() >= LARGE;
    }

    private static Tensor tensor(ConstantValue value) {
        return Tensor.of(value.data(), value.dtype(), value.sizes().stream().mapToLong(Long::longValue).toArray());
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
        for (String line : decisions) {
            Matcher matcher = CHOICE.matcher(line);
            if (matcher.find()) {
                return matcher.group(1) == null ? matcher.group(2) : matcher.group(1);
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

    /**
     * Results that are no longer in use give their memory to the next ones once the garbage collector has found them, which
     * in a long run it does now and then; a time that counts is not that of touching new pages.
     */
    @Override
    public void settle() {
        if (large) {
            System.gc();
            try {
                Thread.sleep(MOMENT_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
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
