package dev.kiln.stages;

import dev.kiln.cache.CacheHome;
import dev.kiln.cache.aot.AotAutogradCache;
import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.toolchain.NativeCompiler;
import java.util.function.Supplier;

/**
 * What phases work with besides their input: the open caches, the machine, and the native compiler, which is not
 * touched before something must be compiled.
 */
public record Environment(CacheHome cache, AotAutogradCache aotCache, CpuInfo cpu, Supplier<NativeCompiler> compiler,
        RuntimeLibrary runtimeLibrary) {

    public static Environment of(CacheHome cache) {
        Supplier<NativeCompiler> compiler = NativeCompiler::shared;
        return new Environment(cache, new AotAutogradCache(cache), CpuInfo.detect(), compiler,
            new RuntimeLibrary(cache, compiler));
    }

    /** The instruction set that the options ask for, else the best one here. */
    public Isa isa(CompileOptions options) {
        return options.isa().isPresent() ? options.isa().get() : cpu.bestIsa();
    }

    public CpuTarget target(CompileOptions options) {
        return CpuTarget.of(isa(options));
    }
}
