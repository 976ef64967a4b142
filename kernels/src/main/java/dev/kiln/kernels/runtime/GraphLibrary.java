package dev.kiln.kernels.runtime;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/** One compiled graph's shared object, loaded. {@link #bind} gives what can be called. Thread-safe. */
public final class GraphLibrary implements AutoCloseable {
    private final NativeLibrary library;
    private final KilnRuntime runtime;
    private final long entry;
    private final long workspaceBytes;

    private GraphLibrary(NativeLibrary library, KilnRuntime runtime) {
        this.library = library;
        this.runtime = runtime;
        this.entry = library.address("kiln_entry");
        this.workspaceBytes = library.address("kiln_workspace_bytes");
    }

    /**
     * Loads a graph's shared object.
     *
     * @param isa the instruction set it was compiled for
     * @throws dev.kiln.kernels.cpu.UnsupportedIsaException when this CPU lacks {@code isa}
     * @throws NativeCallException when the file is no such library
     */
    public static GraphLibrary open(KilnRuntime runtime, Path sharedObject, Isa isa) {
        CpuInfo.detect().require(isa);
        NativeLibrary library = NativeLibrary.open(sharedObject);
        try {
            return new GraphLibrary(library, runtime);
        } catch (RuntimeException e) {
            library.close();
            throw e;
        }
    }

    /**
     * The graph with its constants and library functions in place.
     *
     * @param constants native memory, kept reachable by the result and not to be freed before it is closed
     * @param externs   addresses of library functions, in the order of {@code CompiledGraph.externs}
     */
    public NativeGraph bind(List<MemorySegment> constants, List<MemorySegment> externs) {
        return new NativeGraph(this, constants, externs);
    }

    KilnRuntime runtime() {
        return runtime;
    }

    NativeLibrary library() {
        return library;
    }

    long entry() {
        return entry;
    }

    long workspaceFunction() {
        return workspaceBytes;
    }

    /** Waits for running calls, then unloads; later calls are refused. Repeatable. */
    @Override
    public void close() {
        library.close();
    }
}
