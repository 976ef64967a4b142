package dev.kiln.pipeline.function;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.stages.postcompile.OutputMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Memory for what forward calls save: one block a call, handed to the next call once the backward has read it. What a
 * call without a backward saves is left to the garbage collector. Safe for several threads.
 */
final class SavedMemory {
    private static final int KEPT = 4;

    private final Deque<MemorySegment> free = new ArrayDeque<>();
    private long needed;

    /** The memory of one call. */
    final class Block implements OutputMemory {
        private final int firstSaved;
        private final MemorySegment memory;
        private long used;

        private Block(int firstSaved, MemorySegment memory) {
            this.firstSaved = firstSaved;
            this.memory = memory;
        }

        @Override
        public MemorySegment allocate(int output, DType dtype, long[] shape) {
            if (output < firstSaved) {
                return Tensor.uninitialized(dtype, shape).data();
            }
            long bytes = dtype.bytes();
            for (long size : shape) {
                bytes *= size;
            }
            long at = used;
            used += Math.max(1, Math.ceilDiv(bytes, Tensor.ALIGNMENT)) * Tensor.ALIGNMENT;
            return used <= memory.byteSize() ? memory.asSlice(at, Math.max(1, bytes))
                : Tensor.uninitialized(dtype, shape).data();
        }

        /** Nobody reads it any more. */
        void release() {
            synchronized (SavedMemory.this) {
                needed = Math.max(needed, used);
                if (memory.byteSize() >= needed && needed > 0 && free.size() < KEPT) {
                    free.push(memory);
                }
            }
        }
    }

    /** @param firstSaved index of the first output that goes into the block */
    Block take(int firstSaved) {
        MemorySegment memory;
        long bytes;
        synchronized (this) {
            memory = free.poll();
            bytes = needed;
        }
        return new Block(firstSaved, memory != null ? memory
            : bytes == 0 ? MemorySegment.NULL : Tensor.uninitialized(DType.U8, bytes).data());
    }
}
