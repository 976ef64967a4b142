package dev.kiln.kernels.runtime;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

/**
 * A loaded graph with its constants and library functions: one native call per invocation. Several threads
 * may call at once; each call has a frame and a workspace of its own, kept for the next call. The runtime's
 * pool serves one call at a time; the others run on their own threads meanwhile.
 */
public final class NativeGraph implements AutoCloseable {
    private final GraphLibrary library;
    private final KilnRuntime runtime;
    private final List<MemorySegment> constants;
    private final List<MemorySegment> externs;
    private final NativeWords constantTable;
    private final NativeWords externTable;
    private final AtomicReference<CallFrame> first = new AtomicReference<>();
    private final ConcurrentLinkedQueue<CallFrame> others = new ConcurrentLinkedQueue<>();
    private volatile NativeWords clock;

    NativeGraph(GraphLibrary library, List<MemorySegment> constants, List<MemorySegment> externs) {
        this.library = library;
        this.runtime = library.runtime();
        this.constants = List.copyOf(constants);
        this.externs = List.copyOf(externs);
        this.constantTable = table("constant", this.constants);
        this.externTable = table("extern", this.externs);
    }

    private static NativeWords table(String role, List<MemorySegment> segments) {
        NativeWords table = NativeWords.zeros(segments.size());
        for (int i = 0; i < segments.size(); i++) {
            table.set(i, CallFrame.address(role, i, segments.get(i)));
        }
        return table;
    }

    /** Bytes of workspace a call with these symbol values takes. */
    public long workspaceBytes(long... syms) {
        enter();
        try {
            NativeWords words = NativeWords.of(Arrays.copyOf(syms, syms.length + 4));
            return runtime.workspaceBytes(library.workspaceFunction(), words.address(), words, syms.length);
        } finally {
            exit();
        }
    }

    /**
     * Offsets in the workspace of those inputs, then outputs, that the graph expects there; -1 for others.
     *
     * @param count of inputs and outputs together
     */
    public Optional<long[]> places(int count) {
        return library.library().find("kiln_places")
            .map(s -> s.reinterpret(count * ValueLayout.JAVA_LONG.byteSize()).toArray(ValueLayout.JAVA_LONG));
    }

    /**
     * Begins to add up the time that each step of this graph takes, in all calls by all threads.
     *
     * @param steps launches of kernels, in the graph's order
     */
    public void startClock(int steps) {
        clock = NativeWords.zeros(steps);
    }

    /** Ends it: clock ticks by step since {@link #startClock}, whose rate is the processor's; zeros if it was not started. */
    public long[] stopClock(int steps) {
        NativeWords counted = clock;
        clock = null;
        return counted == null ? new long[steps] : IntStream.range(0, steps).mapToLong(counted::get).toArray();
    }

    /**
     * Runs the graph. Addresses go to native code unchecked: shapes must have passed the graph's guards, and
     * the memory must stay allocated until the call returns.
     *
     * @param syms    values of the graph's symbols, in its order; those that the graph computes are filled in
     * @param inputs  native memory of each input, in graph order
     * @param outputs native memory of each output, large enough for {@code syms} and whatever data may give
     * @throws NativeCallException      when the graph returns an error code
     * @throws IllegalArgumentException for memory in a Java array
     * @throws IllegalStateException    when graph, runtime or an arena is closed
     */
    public void call(long[] syms, MemorySegment[] inputs, MemorySegment[] outputs) {
        call(syms, inputs, outputs, MemorySegment.NULL);
    }

    /**
     * As {@link #call(long[], MemorySegment[], MemorySegment[])}, in a workspace of the caller's.
     *
     * @param own native memory of {@link #workspaceBytes} at least; null for one of the runtime's
     */
    public void call(long[] syms, MemorySegment[] inputs, MemorySegment[] outputs, MemorySegment own) {
        enter();
        CallFrame frame = takeFrame(syms.length, inputs.length, outputs.length);
        Workspaces.Block workspace = Workspaces.Block.NONE;
        try {
            frame.symbols(syms);
            frame.tensors(inputs, outputs);
            long bytes = frame.workspaceBytes(runtime, library.workspaceFunction());
            boolean pooled = own.equals(MemorySegment.NULL);
            if (!pooled && own.byteSize() < bytes) {
                throw new IllegalArgumentException("a workspace of " + own.byteSize() + " bytes is too small: " + bytes
                    + " are needed");
            }
            workspace = pooled ? runtime.workspaces().take(bytes) : Workspaces.Block.NONE;
            int code = frame.call(library.entry(), pooled ? workspace.address() : own.address(), clock);
            if (code != 0) {
                throw new NativeCallException("running " + library.library().path().getFileName(), code);
            }
            frame.readSymbols(syms);
        } finally {
            runtime.workspaces().give(workspace);
            giveFrame(frame);
            exit();
            Reference.reachabilityFence(inputs);
            Reference.reachabilityFence(outputs);
            Reference.reachabilityFence(own);
            Reference.reachabilityFence(this);
        }
    }

    private void enter() {
        runtime.library().enter();
        try {
            library.library().enter();
        } catch (IllegalStateException e) {
            runtime.library().exit();
            throw e;
        }
    }

    private void exit() {
        library.library().exit();
        runtime.library().exit();
    }

    private CallFrame takeFrame(int syms, int inputs, int outputs) {
        CallFrame frame = first.getAndSet(null);
        if (frame == null) {
            frame = others.poll();
        }
        if (frame == null || !frame.fits(syms, inputs, outputs)) {
            frame = new CallFrame(runtime.pointer().address(), constantTable.address(), externTable.address(),
                    syms, inputs, outputs);
        }
        return frame;
    }

    private void giveFrame(CallFrame frame) {
        if (!first.compareAndSet(null, frame)) {
            others.offer(frame);
        }
    }

    /** Closes the library behind the graph, after running calls have returned. */
    @Override
    public void close() {
        library.close();
        Reference.reachabilityFence(constants);
        Reference.reachabilityFence(externs);
    }
}
