package dev.kiln.stages.codegen;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.gemm.CacheSizes;
import java.util.Optional;
import java.util.Set;

/**
 * What code is generated for.
 *
 * @param libraries names of library functions that may be called
 */
public record CodegenTarget(Isa isa, CacheSizes caches, Set<String> libraries) {

    public static CodegenTarget of(Isa isa, CpuInfo cpu, Set<String> libraries) {
        return new CodegenTarget(isa, new CacheSizes(cpu.l1dBytes(), cpu.l2Bytes()), libraries);
    }

    Optional<String> library(String name) {
        return libraries.contains(name) ? Optional.of(name) : Optional.empty();
    }
}
