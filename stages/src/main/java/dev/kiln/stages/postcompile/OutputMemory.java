package dev.kiln.stages.postcompile;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import java.lang.foreign.MemorySegment;
import java.util.function.LongSupplier;

/** Gives the memory that a graph's outputs are written to. */
@FunctionalInterface
public interface OutputMemory {
    /**
     * Native memory for a dense tensor, aligned to {@link dev.kiln.kernels.runtime.Tensor#ALIGNMENT}; what lies in it does
     * not matter.
     *
     * @param output index among the graph's outputs
     */
    MemorySegment allocate(int output, DType dtype, long[] shape);

    /**
     * As {@link #allocate(int, DType, long[])}, where the workspace has room for the output.
     *
     * @param room part of what {@link #workspace} gave
     */
    default MemorySegment allocate(int output, DType dtype, long[] shape, MemorySegment room) {
        return allocate(output, dtype, shape);
    }

    /**
     * Native memory for a call whose inputs or outputs lie in its workspace, aligned as {@link #allocate}'s; it lives as long
     * as they do.
     */
    default MemorySegment workspace(long bytes) {
        return Tensor.uninitialized(DType.U8, bytes).data();
    }

    /**
     * Native memory for the workspace of any other call, aligned as {@link #allocate}'s and the call's own while it runs.
     *
     * @return null for memory of the runtime's
     */
    default MemorySegment scratch(LongSupplier bytes) {
        return MemorySegment.NULL;
    }
}
