package dev.kiln.pipeline.function;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.stages.postcompile.OutputMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Memory for outputs that live until somebody who is known has read them, such as what forward calls save: one block a
 * call, handed to the next call once it is released. A block that never is, is left to the garbage collector. Safe for
 * several threads.
 */
final class SavedMemory {
    private static final int KEPT = 4;

    private final Deque<MemorySegment> free = new ArrayDeque<>();
    private long needed;

    /** The memory of one call. */
    final class Block implements OutputMemory {
        private final MemorySegment memory;
        private long used;

        private Block(MemorySegment memory) {
            this.memory = memory;
        }

        @Override
        public MemorySegment allocate(int output, DType dtype, long[] shape) {
            long bytes = dtype.bytes();
            for (long size : shape) {
                bytes *= size;
            }
            long at = used;
            used += Math.max(1, Math.ceilDiv(bytes, Tensor.ALIGNMENT)) * Tensor.ALIGNMENT;
            return used <= memory.byteSize() ? memory.asSlice(at, Math.max(1, bytes))
                : Tensor.uninitialized(dtype, shape).data();
        }

        /** The next block holds what went into this one. */
        void note() {
            synchronized (SavedMemory.this) {
                needed = Math.max(needed, used);
            }
        }

        /** Nobody reads it any more. */
        void release() {
            note();
            synchronized (SavedMemory.this) {
                if (memory.byteSize() >= needed && needed > 0 && free.size() < KEPT) {
                    free.push(memory);
                }
            }
        }
    }

    Block take() {
        MemorySegment memory;
        long bytes;
        synchronized (this) {
            memory = free.poll();
            bytes = needed;
        }
        return new Block(memory != null ? memory
            : bytes == 0 ? MemorySegment.NULL : Tensor.uninitialized(DType.U8, bytes).data());
    }
}
