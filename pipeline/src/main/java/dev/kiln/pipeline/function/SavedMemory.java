package dev.kiln.pipeline.function;

import dev.kiln.kernels.runtime.BlockPool;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.stages.postcompile.OutputMemory;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Memory for outputs that live until somebody who is known has read them, such as what forward calls save: one block a
 * call, which whoever comes next gets once it is released. A block that never is, is left to the garbage collector. Safe
 * for several threads.
 */
final class SavedMemory {
    private final BlockPool pool;
    private long needed;

    SavedMemory(BlockPool pool) {
        this.pool = pool;
    }

    /** The memory of one call. */
    final class Block implements OutputMemory {
        /** Empty until it is known how much a call needs. */
        private Optional<BlockPool.Block> block;
        private MemorySegment memory;
        private long used;

        private Block(Optional<BlockPool.Block> block) {
            hold(block);
        }

        private void hold(Optional<BlockPool.Block> other) {
            block = other;
            memory = other.map(BlockPool.Block::memory).orElse(MemorySegment.NULL);
        }

        /** All of it, or new memory if it is too small; at first only. */
        @Override
        public MemorySegment workspace(long bytes) {
            if (!holds(bytes)) {
                block.ifPresent(BlockPool.Block::give);
                hold(Optional.of(pool.take(Math.max(bytes, bytes()))));
            }
            used = bytes;
            return memory;
        }

        boolean holds(long bytes) {
            return memory.byteSize() >= bytes;
        }

        MemorySegment memory() {
            return memory;
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

        /** Nobody reads it any more. At most once. */
        void release() {
            note();
            block.ifPresent(BlockPool.Block::give);
        }
    }

    /** Of the largest block so far. */
    synchronized long bytes() {
        return needed;
    }

    Block take() {
        long bytes;
        synchronized (this) {
            bytes = needed;
        }
        return new Block(bytes == 0 ? Optional.empty() : Optional.of(pool.take(bytes)));
    }
}
