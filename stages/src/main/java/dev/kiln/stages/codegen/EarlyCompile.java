package dev.kiln.stages.codegen;

import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.gemm.BatchedGemm;
import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.MicroGemm;
import dev.kiln.kernels.gemm.MicroKernels;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.kernels.toolchain.SharedCode;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Set;

/**
 * Begins what the native compiler will have to do in any case while the passes still run on one thread: the run-time
 * library, and the code that the graph's kernels will share: micro-kernels if it has products, transposes if it permutes.
 */
public final class EarlyCompile {
    private static final Set<String> PRODUCTS = Set.of("mm", "addmm", "linear", "matmul", "bmm", "baddbmm",
        "convolution", "scaled_dot_product_attention");
    private static final Set<String> BATCHED = Set.of("matmul", "bmm", "baddbmm");
    /** Without {@code t}: a product reads a transposed matrix as it lies. */
    private static final Set<String> PERMUTED = Set.of("permute", "transpose");

    private EarlyCompile() {
    }

    public static void begin(Graph graph, CompileOptions options, Environment environment, Deadline deadline) {
        CpuTarget target = environment.target(options);
        MicroGemm micro = MicroGemm.table(target.isa(), ElementType.F32).getFirst();
        Thread.ofVirtual().start(() -> runtimeLibrary(environment, target, deadline));
        begin(graph, PRODUCTS, new MicroKernels(micro, 0), environment, target, deadline);
        begin(graph, BATCHED, BatchedGemm.shared(micro), environment, target, deadline);
        begin(graph, PERMUTED, Transposes.FUNCTIONS, environment, target, deadline);
    }

    private static void begin(Graph graph, Set<String> packets, SharedCode code, Environment environment, CpuTarget target,
            Deadline deadline) {
        if (graph.calls().stream().anyMatch(c -> packets.contains(c.op().packet()))) {
            environment.compiler().get().begin(List.of(code.unit()), target, deadline);
        }
    }

    private static void runtimeLibrary(Environment environment, CpuTarget target, Deadline deadline) {
        try {
            environment.runtimeLibrary().get(target, deadline);
        } catch (KilnException | UncheckedIOException e) {
            return; // whoever needs the library builds it again and is told why it fails
        }
    }
}
