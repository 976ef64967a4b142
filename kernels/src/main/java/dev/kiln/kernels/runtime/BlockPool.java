package dev.kiln.kernels.runtime;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Memory that goes from one user to the next as soon as the one says that it is done, whatever either keeps in it. A user
 * gets the smallest free block that is large enough; if all are too small the largest goes back to the system for the new
 * one. A block that is never given back is left to the garbage collector. Safe for several threads.
 */
public final class BlockPool {
    private final FreeBlocks<Block> free = new FreeBlocks<>(Block::bytes);

    /** A piece of memory with any content, aligned to {@link Tensor#ALIGNMENT}. */
    public final class Block {
        private final LargeMemory.Lease lease;

        private Block(LargeMemory.Lease lease) {
            this.lease = lease;
        }

        public MemorySegment memory() {
            return lease.segment();
        }

        private long bytes() {
            return lease.segment().byteSize();
        }

        /** Nobody reads or writes it any more. At most once. */
        public void give() {
            free.put(this).ifPresent(surplus -> surplus.lease.free());
        }
    }

    /** At least so many bytes. */
    public Block take(long bytes) {
        Optional<Block> kept = free.take(bytes);
        if (kept.isPresent() && kept.get().bytes() >= bytes) {
            return kept.get();
        }
        kept.ifPresent(block -> block.lease.free());
        return new Block(LargeMemory.lease(Math.max(1, bytes)));
    }

    /** Bytes that are kept for later users. */
    public long freeBytes() {
        return free.bytes();
    }

    /** Gives what is free back to the system. */
    public void clear() {
        free.takeAll().forEach(block -> block.lease.free());
    }
}
