package dev.kiln.stages;

import dev.kiln.cache.Blob;
import dev.kiln.cache.CacheHome;
import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.runtime.KilnRuntime;
import dev.kiln.kernels.toolchain.Deadline;
import dev.kiln.kernels.toolchain.NativeCompiler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** The runtime library (thread pool) for each target, compiled once a process and kept as a blob. */
public final class RuntimeLibrary {
    private final CacheHome cache;
    private final Supplier<NativeCompiler> compiler;
    private final ConcurrentHashMap<String, Blob> built = new ConcurrentHashMap<>();

    RuntimeLibrary(CacheHome cache, Supplier<NativeCompiler> compiler) {
        this.cache = cache;
        this.compiler = compiler;
    }

    public Blob get(CpuTarget target, Deadline deadline) {
        return built.computeIfAbsent(target.fingerprint(), t -> build(target, deadline));
    }

    private Blob build(CpuTarget target, Deadline deadline) {
        try {
            return cache.blobs().put(compiler.get().compileAll(KilnRuntime.sourceUnits(), target, deadline));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot store the runtime library: " + e.getMessage(), e);
        }
    }
}
