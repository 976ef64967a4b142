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
        /** Empty until something is put into it. */
        private Optional<BlockPool.Block> block = Optional.empty();
        private MemorySegment memory = MemorySegment.NULL;
        private long used;

        private void hold(long bytes) {
            block = Optional.of(pool.take(bytes));
            memory = block.get().memory();
        }

        /** All of it; at first only. */
        @Override
        public MemorySegment workspace(long bytes) {
            if (block.isEmpty()) {
                hold(Math.max(bytes, bytes()));
            }
            used = bytes;
            return memory;
        }

        /** Whether a workspace finds what lies here and has room for the rest. */
        boolean holds(long bytes) {
            return block.isEmpty() || memory.byteSize() >= bytes;
        }

        /** Whether another piece of memory is part of this. */
        boolean contains(MemorySegment part) {
            long offset = part.address() - memory.address();
            return offset >= 0 && offset + part.byteSize() <= memory.byteSize();
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
            if (block.isEmpty() && bytes() > 0) {
                hold(bytes());
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

    /** Blocks will be of so many bytes at least. */
    synchronized void expect(long bytes) {
        needed = Math.max(needed, bytes);
    }

    /** Of the largest block so far. */
    synchronized long bytes() {
        return needed;
    }

    Block take() {
        return new Block();
    }
}
