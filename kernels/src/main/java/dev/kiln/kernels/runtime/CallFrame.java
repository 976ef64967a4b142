package dev.kiln.kernels.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * One {@code kiln_call} struct and the arrays it points to, in native memory, reused from call to call. Used by one
 * thread at a time.
 */
final class CallFrame {
    private static final long RT = 0;
    private static final long SYMS = 8;
    private static final long INPUTS = 16;
    private static final long OUTPUTS = 24;
    private static final long CONSTANTS = 32;
    private static final long WORKSPACE = 40;
    private static final long EXTERNS = 48;
    private static final long HEADER = 64;

    private final MemorySegment memory;
    private final int syms;
    private final int inputs;
    private final int outputs;
    private final long[] sizedFor;
    private long workspaceBytes = -1;

    CallFrame(Arena arena, long runtime, long constants, long externs, int syms, int inputs, int outputs) {
        this.syms = syms;
        this.inputs = inputs;
        this.outputs = outputs;
        this.sizedFor = new long[syms];
        this.memory = arena.allocate(HEADER + 8L * (syms + inputs + outputs), 64);
        memory.set(ValueLayout.JAVA_LONG, RT, runtime);
        memory.set(ValueLayout.JAVA_LONG, SYMS, memory.address() + HEADER);
        memory.set(ValueLayout.JAVA_LONG, INPUTS, memory.address() + inputOffset(0));
        memory.set(ValueLayout.JAVA_LONG, OUTPUTS, memory.address() + outputOffset(0));
        memory.set(ValueLayout.JAVA_LONG, CONSTANTS, constants);
        memory.set(ValueLayout.JAVA_LONG, EXTERNS, externs);
    }

    private long inputOffset(int i) {
        return HEADER + 8L * (syms + i);
    }

    private long outputOffset(int i) {
        return HEADER + 8L * (syms + inputs + i);
    }

    boolean fits(int otherSyms, int otherInputs, int otherOutputs) {
        return syms == otherSyms && inputs == otherInputs && outputs == otherOutputs;
    }

    MemorySegment pointer() {
        return memory;
    }

    /** Stores the symbols; a change means that the workspace must be sized anew. */
    void symbols(long[] values) {
        if (!Arrays.equals(values, sizedFor)) {
            workspaceBytes = -1;
            System.arraycopy(values, 0, sizedFor, 0, syms);
            MemorySegment.copy(values, 0, memory, ValueLayout.JAVA_LONG, HEADER, syms);
        }
    }

    void tensors(MemorySegment[] in, MemorySegment[] out) {
        for (int i = 0; i < inputs; i++) {
            memory.set(ValueLayout.JAVA_LONG, inputOffset(i), address("input", i, in[i]));
        }
        for (int i = 0; i < outputs; i++) {
            memory.set(ValueLayout.JAVA_LONG, outputOffset(i), address("output", i, out[i]));
        }
    }

    static long address(String role, int index, MemorySegment segment) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException(role + " " + index
                    + " lies in a Java array: pass native memory, for example from Tensor.allocate");
        }
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException(role + " " + index + " lies in an arena that is closed");
        }
        return segment.address();
    }

    long workspaceBytes(KilnRuntime runtime, MemorySegment function) {
        if (workspaceBytes < 0) {
            workspaceBytes = runtime.workspaceBytes(function, memory.asSlice(HEADER, 8L * syms));
        }
        return workspaceBytes;
    }

    void workspace(MemorySegment block) {
        memory.set(ValueLayout.JAVA_LONG, WORKSPACE, block.address());
    }
}
