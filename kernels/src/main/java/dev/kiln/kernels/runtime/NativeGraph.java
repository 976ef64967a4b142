package dev.kiln.kernels.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A loaded graph with its constants and library functions: one native call per invocation. Several threads may call
 * at once; each call has a frame and a workspace of its own, kept for the next call. The runtime's pool serves one
 * call at a time; the others run on their own threads meanwhile.
 */
public final class NativeGraph implements AutoCloseable {
    private final GraphLibrary library;
    private final KilnRuntime runtime;
    private final List<MemorySegment> constants;
    private final List<MemorySegment> externs;
    private final Arena arena = Arena.ofAuto();
    private final long constantTable;
    private final long externTable;
    private final AtomicReference<CallFrame> first = new AtomicReference<>();
    private final ConcurrentLinkedQueue<CallFrame> others = new ConcurrentLinkedQueue<>();

    NativeGraph(GraphLibrary library, List<MemorySegment> constants, List<MemorySegment> externs) {
        this.library = library;
        this.runtime = library.runtime();
        this.constants = List.copyOf(constants);
        this.externs = List.copyOf(externs);
        this.constantTable = table("constant", this.constants);
        this.externTable = table("extern", this.externs);
    }

    private long table(String role, List<MemorySegment> segments) {
        MemorySegment table = arena.allocate(Math.max(8, 8L * segments.size()), 64);
        for (int i = 0; i < segments.size(); i++) {
            table.setAtIndex(ValueLayout.JAVA_LONG, i, CallFrame.address(role, i, segments.get(i)));
        }
        return table.address();
    }

    /** Bytes of workspace a call with these symbol values takes. */
    public long workspaceBytes(long... syms) {
        enter();
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment values = scratch.allocateFrom(ValueLayout.JAVA_LONG, syms.length == 0 ? new long[1] : syms);
            return runtime.workspaceBytes(library.workspaceFunction(), values);
        } finally {
            exit();
        }
    }

    /**
     * Runs the graph. Addresses go to native code unchecked: shapes must have passed the graph's guards, and the
     * memory must stay allocated until the call returns.
     *
     * @param syms    values of the graph's symbols, in its order
     * @param inputs  native memory of each input, in graph order
     * @param outputs native memory of each output, large enough for {@code syms}
     * @throws NativeCallException      when the graph returns an error code
     * @throws IllegalArgumentException for memory in a Java array
     * @throws IllegalStateException    when graph, runtime or an arena is closed
     */
    public void call(long[] syms, MemorySegment[] inputs, MemorySegment[] outputs) {
        enter();
        CallFrame frame = takeFrame(syms.length, inputs.length, outputs.length);
        MemorySegment workspace = MemorySegment.NULL;
        try {
            frame.symbols(syms);
            frame.tensors(inputs, outputs);
            workspace = runtime.workspaces().take(frame.workspaceBytes(runtime, library.workspaceFunction()));
            frame.workspace(workspace);
            int code = Native.call(library.entry(), frame.pointer());
            if (code != 0) {
                throw new NativeCallException("running " + library.library().path().getFileName(), code);
            }
        } finally {
            runtime.workspaces().give(workspace);
            giveFrame(frame);
            exit();
            Reference.reachabilityFence(inputs);
            Reference.reachabilityFence(outputs);
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
            frame = new CallFrame(arena, runtime.pointer().address(), constantTable, externTable,
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
