package dev.kiln.stages.codegen;

import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.MicroGemm;
import dev.kiln.kernels.gemm.MicroKernels;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Set;

/**
 * Begins what the native compiler will have to do in any case while the passes still run on one thread: the run-time
 * library, and the micro-kernels if the graph has products.
 */
public final class EarlyCompile {
    private static final Set<String> PRODUCTS = Set.of("mm", "addmm", "linear", "matmul", "bmm", "baddbmm",
        "convolution", "scaled_dot_product_attention");

    private EarlyCompile() {
    }

    public static void begin(Graph graph, CompileOptions options, Environment environment, Deadline deadline) {
        CpuTarget target = environment.target(options);
        MicroGemm micro = MicroGemm.table(target.isa(), ElementType.F32).getFirst();
        if (graph.calls().stream().anyMatch(c -> PRODUCTS.contains(c.op().packet()))) {
            CompileUnit unit = new MicroKernels(micro, 0).unit();
            environment.compiler().get().begin(List.of(unit), target, deadline);
        }
        Thread.ofVirtual().start(() -> runtimeLibrary(environment, target, deadline));
    }

    private static void runtimeLibrary(Environment environment, CpuTarget target, Deadline deadline) {
        try {
            environment.runtimeLibrary().get(target, deadline);
        } catch (KilnException | UncheckedIOException e) {
            return; // whoever needs the library builds it again and is told why it fails
        }
    }
}
