package dev.kiln.kernels.runtime;

import dev.kiln.kernels.cpu.CpuInfo;
import dev.kiln.kernels.cpu.Isa;
import dev.kiln.kernels.toolchain.CompileUnit;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The runtime library of this process: the thread pool that {@code parallel_for} runs on, and memory for
 * workspaces. Worker 0 is whoever calls; the others are daemon threads named {@code kiln-worker-N}.
 * Thread-safe.
 */
public final class KilnRuntime implements AutoCloseable {
    private static final long SPIN_MICROSECONDS = 50;
    private static final long WORKER_STACK_BYTES = 8L << 20;

    private final NativeLibrary library;
    private final MemorySegment pointer;
    private final int threads;
    private final long mapFunction;
    private final long unmapFunction;
    private final long workspaceFunction;
    private final Workspaces workspaces = new Workspaces(this);
    private final List<Thread> workers = new ArrayList<>();
    private boolean closed;

    private KilnRuntime(NativeLibrary library, int threads) {
        this.library = library;
        this.threads = threads;
        this.mapFunction = library.address("kiln_rt_map");
        this.unmapFunction = library.address("kiln_rt_unmap");
        this.workspaceFunction = library.address("kiln_rt_workspace");
        // Spinning helps only while every worker can have a processor of its own.
        long spin = threads <= Runtime.getRuntime().availableProcessors() ? SPIN_MICROSECONDS : 0;
        NativeWords words = NativeWords.of(threads, spin, 0);
        check("opening the thread pool", call(library.address("kiln_rt_open"), words));
        this.pointer = MemorySegment.ofAddress(words.get(2));
    }

    private void startWorkers() {
        long body = library.address("kiln_rt_worker");
        for (int id = 1; id < threads; id++) {
            workers.add(startWorker(body, id));
        }
    }

    private Thread startWorker(long body, int id) {
        NativeWords words = NativeWords.of(pointer.address(), id);
        Runnable loop = () -> call(body, words);
        Thread thread = new Thread(null, loop, "kiln-worker-" + id, WORKER_STACK_BYTES, false);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }

    /** As {@link #open(Path, Isa, int)} with as many threads as this JVM has processors. */
    public static KilnRuntime open(Path sharedObject, Isa isa) {
        return open(sharedObject, isa, Runtime.getRuntime().availableProcessors());
    }

    /**
     * Loads the runtime library and starts its workers.
     *
     * @param sharedObject what {@link #sourceUnits()} compile and link to
     * @param isa          the instruction set it was compiled for
     * @param threads      workers, the caller included, at least 1
     * @throws dev.kiln.kernels.cpu.UnsupportedIsaException when this CPU lacks {@code isa}
     * @throws NativeCallException when the library cannot be loaded or the system refuses what it needs
     */
    public static KilnRuntime open(Path sharedObject, Isa isa, int threads) {
        if (threads < 1 || threads > 4096) {
            throw new IllegalArgumentException("cannot run on " + threads + " threads: use 1 to 4096");
        }
        CpuInfo.detect().require(isa);
        KilnRuntime runtime = load(sharedObject, threads);
        try {
            runtime.startWorkers();
            return runtime;
        } catch (RuntimeException | Error e) {
            runtime.close();
            throw e;
        }
    }

    private static KilnRuntime load(Path sharedObject, int threads) {
        NativeLibrary library = NativeLibrary.open(sharedObject);
        try {
            boolean stays = Native.bind(library.path());
            KilnRuntime runtime = new KilnRuntime(library, threads);
            if (stays) {
                LargeMemory.bind(runtime.mapFunction, runtime.unmapFunction);
            }
            return runtime;
        } catch (RuntimeException e) {
            library.close();
            throw e;
        }
    }

    /** The units that make up the runtime library. */
    public static List<CompileUnit> sourceUnits() {
        return List.of(new CompileUnit("kiln_pool", RuntimeHeader.text() + Resources.text("kiln_pool.c")));
    }

    /** Pointer to the {@code kiln_runtime} struct for native code; valid until {@link #close()}. */
    public MemorySegment pointer() {
        return pointer;
    }

    /** Workers of the pool, the caller included. */
    public int threads() {
        return threads;
    }

    NativeLibrary library() {
        return library;
    }

    Workspaces workspaces() {
        return workspaces;
    }

    /**
     * Asks a graph's {@code kiln_workspace_bytes}, using four words of {@code scratch} from {@code at} on.
     */
    long workspaceBytes(long function, long syms, NativeWords scratch, int at) {
        scratch.set(at, function);
        scratch.set(at + 1, syms);
        scratch.set(at + 2, threads);
        Native.call(workspaceFunction, scratch.address(at));
        long bytes = scratch.get(at + 3);
        if (bytes < 0) {
            throw new NativeCallException("sizing the workspace", (int) bytes);
        }
        return bytes;
    }

    /** Gives memory that is kept for later calls and tensors, but not in use, back to the system. */
    public void releaseMemory() {
        library.enter();
        try {
            workspaces.clear();
            LargeMemory.trim();
        } finally {
            library.exit();
        }
    }

    Workspaces.Block map(long bytes) {
        NativeWords words = NativeWords.of(bytes, 0);
        check("allocating " + bytes + " bytes of workspace", call(mapFunction, words));
        return new Workspaces.Block(words.get(1), bytes);
    }

    void unmap(Workspaces.Block block) {
        check("freeing a workspace", call(unmapFunction, NativeWords.of(block.bytes(), block.address())));
    }

    static int call(long function, NativeWords words) {
        try {
            return Native.call(function, words.address());
        } finally {
            Reference.reachabilityFence(words);
        }
    }

    private static void check(String what, int code) {
        if (code != 0) {
            throw new NativeCallException(what, code);
        }
    }

    /** Ends the workers, frees the workspaces and unloads the library once no call runs; repeatable. */
    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        library.close(this::shutDown);
    }

    private void shutDown() {
        call(library.address("kiln_rt_stop"), NativeWords.of(pointer.address()));
        boolean interrupted = false;
        for (Thread worker : workers) {
            while (worker.isAlive()) {
                try {
                    worker.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        workspaces.clear();
        call(library.address("kiln_rt_free"), NativeWords.of(pointer.address()));
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
