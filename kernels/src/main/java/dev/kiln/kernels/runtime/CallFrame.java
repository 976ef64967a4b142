package dev.kiln.kernels.runtime;

import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.Arrays;

/**
 * One {@code kiln_call} struct and the arrays it points to, in native memory, reused from call to call. Used
 * by one thread at a time.
 */
final class CallFrame {
    private static final int RT = 0;
    private static final int SYMS = 1;
    private static final int INPUTS = 2;
    private static final int OUTPUTS = 3;
    private static final int CONSTANTS = 4;
    private static final int WORKSPACE = 5;
    private static final int EXTERNS = 6;
    private static final int SPENT = 7;
    /** Four words for asking the size of the workspace. */
    private static final int QUERY = 8;
    private static final int ARRAYS = 12;

    private final NativeWords words;
    private final int firstInput;
    private final int firstOutput;
    private final int end;
    private final long[] sizedFor;
    private long workspaceBytes = -1;

    CallFrame(long runtime, long constants, long externs, int syms, int inputs, int outputs) {
        this.firstInput = ARRAYS + syms;
        this.firstOutput = firstInput + inputs;
        this.end = firstOutput + outputs;
        this.sizedFor = new long[syms];
        this.words = NativeWords.zeros(end);
        words.set(RT, runtime);
        words.set(SYMS, words.address(ARRAYS));
        words.set(INPUTS, words.address(firstInput));
        words.set(OUTPUTS, words.address(firstOutput));
        words.set(CONSTANTS, constants);
        words.set(EXTERNS, externs);
    }

    boolean fits(int syms, int inputs, int outputs) {
        return firstInput == ARRAYS + syms && firstOutput == firstInput + inputs
                && end == firstOutput + outputs;
    }

    /** Stores the symbols; a change means that the workspace must be sized anew. */
    void symbols(long[] values) {
        if (!Arrays.equals(values, sizedFor)) {
            workspaceBytes = -1;
            for (int i = 0; i < values.length; i++) {
                sizedFor[i] = values[i];
                words.set(ARRAYS + i, values[i]);
            }
        }
    }

    /** Reads the symbols back: the graph has written those that come from data. */
    void readSymbols(long[] values) {
        for (int i = 0; i < values.length; i++) {
            values[i] = words.get(ARRAYS + i);
        }
    }

    void tensors(MemorySegment[] inputs, MemorySegment[] outputs) {
        for (int i = 0; i < inputs.length; i++) {
            words.set(firstInput + i, address("input", i, inputs[i]));
        }
        for (int i = 0; i < outputs.length; i++) {
            words.set(firstOutput + i, address("output", i, outputs[i]));
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

    long workspaceBytes(KilnRuntime runtime, long function) {
        if (workspaceBytes < 0) {
            workspaceBytes = runtime.workspaceBytes(function, words.address(ARRAYS), words, QUERY);
        }
        return workspaceBytes;
    }

    /** @param clock where the ticks of each step are added; null if nobody asks */
    int call(long entry, long workspace, NativeWords clock) {
        try {
            words.set(WORKSPACE, workspace);
            words.set(SPENT, clock == null ? 0 : clock.address());
            return Native.call(entry, words.address());
        } finally {
            Reference.reachabilityFence(words);
            Reference.reachabilityFence(clock);
        }
    }
}
