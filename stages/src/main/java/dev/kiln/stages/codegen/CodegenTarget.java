package dev.kiln.stages.codegen;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.gemm.CacheSizes;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.CompileOptions.Autotune;
import java.util.Optional;
import java.util.Set;

/**
 * What code is generated for.
 *
 * @param libraries names of library functions that may be called
 * @param autotune how many variants of a kernel are wanted
 * @param hints of symbols, as far as they are known
 */
public record CodegenTarget(Isa isa, CacheSizes caches, Set<String> libraries, Autotune autotune, ShapeEnv hints) {

    /** For kernels in their likely variants. */
    public CodegenTarget(Isa isa, CacheSizes caches, Set<String> libraries) {
        this(isa, caches, libraries, Autotune.LIKELY, new ShapeEnv());
    }

    public static CodegenTarget of(Isa isa, CpuInfo cpu, Set<String> libraries) {
        return new CodegenTarget(isa, new CacheSizes(cpu.l1dBytes(), cpu.l2Bytes()), libraries);
    }

    public CodegenTarget with(Autotune how) {
        return new CodegenTarget(isa, caches, libraries, how, hints);
    }

    CodegenTarget with(ShapeEnv shapes) {
        return new CodegenTarget(isa, caches, libraries, autotune, shapes);
    }

    /** Whether all variants are wanted that may be the fastest, not just the likely ones. */
    boolean searchesAll() {
        return autotune == Autotune.MAX;
    }

    /** The value that is assumed of a size. */
    long hint(SymInt size) {
        return hints.hint(size);
    }

    Optional<String> library(String name) {
        return libraries.contains(name) ? Optional.of(name) : Optional.empty();
    }
}
