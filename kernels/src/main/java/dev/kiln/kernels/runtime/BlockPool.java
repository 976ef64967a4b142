package dev.kiln.kernels.runtime;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory that goes from one user to the next as soon as the one says that it is done, whatever either keeps in it. A user
 * gets the smallest free block that is large enough; if all are too small the largest goes back to the system for the new
 * one. A block that is never given back is left to the garbage collector. Safe for several threads.
 */
public final class BlockPool {
    private static final int KEPT = 8;

    private final List<Block> free = new ArrayList<>();

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
            Block surplus = null;
            synchronized (BlockPool.this) {
                free.add(this);
                if (free.size() > KEPT) {
                    surplus = free.stream().min((a, b) -> Long.compare(a.bytes(), b.bytes())).orElseThrow();
                    free.remove(surplus);
                }
            }
            if (surplus != null) {
                surplus.lease.free();
            }
        }
    }

    /** At least so many bytes. */
    public Block take(long bytes) {
        Block chosen = choose(bytes);
        if (chosen != null && chosen.bytes() >= bytes) {
            return chosen;
        }
        if (chosen != null) {
            chosen.lease.free();
        }
        return new Block(LargeMemory.lease(Math.max(1, bytes)));
    }

    private synchronized Block choose(long bytes) {
        Block best = null;
        for (Block block : free) {
            boolean fits = block.bytes() >= bytes;
            if (best == null || (fits ? best.bytes() < bytes || block.bytes() < best.bytes()
                : best.bytes() < block.bytes())) {
                best = block;
            }
        }
        free.remove(best);
        return best;
    }

    /** Bytes that are kept for later users. */
    public synchronized long freeBytes() {
        return free.stream().mapToLong(Block::bytes).sum();
    }

    /** Gives what is free back to the system. */
    public void clear() {
        List<Block> unused;
        synchronized (this) {
            unused = List.copyOf(free);
            free.clear();
        }
        unused.forEach(b -> b.lease.free());
    }
}
