package dev.kiln.stages.postcompile;

import dev.kiln.cache.Blob;
import dev.kiln.cache.BlobStore;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.kernels.cpu.CpuTarget;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.extern.LibraryKernel;
import dev.kiln.kernels.extern.LibraryKernels;
import dev.kiln.kernels.runtime.GraphLibrary;
import dev.kiln.kernels.runtime.KilnRuntime;
import dev.kiln.ops.KilnException;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.Environment;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The post-compile phase, the same for a hit and a miss: maps the constants, loads the code and binds it. Owns the
 * native runtimes (one a number of threads), which graphs share.
 */
public final class PostCompile implements AutoCloseable {
    private final Environment environment;
    private final Map<String, KilnRuntime> runtimes = new HashMap<>();
    private boolean closed;

    public PostCompile(Environment environment) {
        this.environment = environment;
    }

    /** @throws KilnException if the CPU lacks what the code needs, or a library it calls is not there */
    public ExecutableGraph load(CompiledGraph graph, CompileOptions options) {
        Isa isa = environment.isa(options);
        requireTarget(graph, environment.target(options));
        BlobStore blobs = environment.cache().blobs();
        KilnRuntime runtime = runtime(graph.code().runtime(), isa, options.threads());
        Arena arena = Arena.ofShared();
        try {
            List<MemorySegment> constants = constants(graph, blobs, arena);
            GraphLibrary library = GraphLibrary.open(runtime, blobs.path(graph.code().object()), isa);
            return new ExecutableGraph(graph, library.bind(constants, externs(graph)), arena);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e instanceof RuntimeException cause ? cause : new UncheckedIOException((IOException) e);
        }
    }

    /** The key covers the target; an entry that was copied or forged must not run instructions that this CPU lacks. */
    private static void requireTarget(CompiledGraph graph, CpuTarget wanted) {
        if (!graph.code().target().equals(wanted.fingerprint())) {
            throw new KilnException("the cache entry " + graph.key() + " was compiled for " + graph.code().target()
                + ", not for " + wanted.fingerprint() + ": remove it from the cache");
        }
    }

    private synchronized KilnRuntime runtime(Blob library, Isa isa, int threads) {
        if (closed) {
            throw new IllegalStateException("Kiln is closed");
        }
        String key = library.digest() + '/' + threads;
        KilnRuntime runtime = runtimes.get(key);
        if (runtime == null) {
            runtime = KilnRuntime.open(environment.cache().blobs().path(library), isa, threads);
            runtimes.put(key, runtime);
        }
        return runtime;
    }

    /** Each blob is mapped once, however many constants lie in it. */
    private static List<MemorySegment> constants(CompiledGraph graph, BlobStore blobs, Arena arena)
            throws IOException {
        Map<String, MemorySegment> mapped = new HashMap<>();
        List<MemorySegment> constants = new ArrayList<>();
        for (CompiledGraph.ConstantSpec spec : graph.constants()) {
            MemorySegment whole = mapped.get(spec.blob().digest());
            if (whole == null) {
                whole = blobs.map(spec.blob(), arena);
                mapped.put(spec.blob().digest(), whole);
            }
            constants.add(whole.asSlice(spec.offset(), spec.bytes()));
        }
        return constants;
    }

    private static List<MemorySegment> externs(CompiledGraph graph) {
        List<MemorySegment> externs = new ArrayList<>();
        for (String name : graph.externs()) {
            LibraryKernel kernel = LibraryKernels.find(name).orElseThrow(() -> new KilnException(
                "library function " + name + " is not available; add its jar to the class path or clear the cache"));
            externs.add(kernel.address());
        }
        return externs;
    }

    /** Gives memory that is kept for later calls, but not in use, back to the system. */
    public synchronized void releaseMemory() {
        runtimes.values().forEach(KilnRuntime::releaseMemory);
    }

    /** Ends the runtimes; graphs must be closed before. Repeatable. */
    @Override
    public synchronized void close() {
        closed = true;
        runtimes.values().forEach(KilnRuntime::close);
        runtimes.clear();
    }
}
