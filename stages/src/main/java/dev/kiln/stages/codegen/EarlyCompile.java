package dev.kiln.stages.codegen;

import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.gemm.ElementType;
import dev.kiln.kernels.gemm.MicroGemm;
import dev.kiln.kernels.gemm.MicroKernels;
import dev.kiln.kernels.toolchain.CompileUnit;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.ops.graph.Graph;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Begins what the native compiler will have to do in any case while the passes still run on one thread: the run-time
 * library, and the micro-kernels if the graph has products.
 */
public final class EarlyCompile {
    private static final Set<String> WITH_CONSTANTS = Set.of("mm", "addmm", "linear", "matmul", "convolution");
    private static final Set<String> OF_TENSORS = Set.of("matmul", "bmm", "baddbmm", "scaled_dot_product_attention");

    private EarlyCompile() {
    }

    public static void begin(Graph graph, CompileOptions options, Environment environment, Deadline deadline) {
        CpuTarget target = environment.target(options);
        MicroGemm micro = MicroGemm.table(target.isa(), ElementType.F32).getFirst();
        List<CompileUnit> units = new ArrayList<>();
        if (calls(graph, WITH_CONSTANTS)) {
            units.add(new MicroKernels(micro, 0, true).unit());
        }
        if (calls(graph, OF_TENSORS)) {
            units.add(new MicroKernels(micro, 0, false).unit());
        }
        environment.compiler().get().begin(units, target, deadline);
        Thread.ofVirtual().start(() -> environment.runtimeLibrary().get(target, deadline));
    }

    private static boolean calls(Graph graph, Set<String> ops) {
        return graph.calls().stream().anyMatch(c -> ops.contains(c.op().packet()));
    }
}
