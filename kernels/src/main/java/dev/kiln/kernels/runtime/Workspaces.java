package dev.kiln.kernels.runtime;

import java.util.ArrayList;
import java.util.List;

/**
 * Scratch memory for calls, kept for the next ones. Blocks come straight from the operating system,
 * page-aligned, and from 2 MiB up on huge pages where the system has any. A call takes the smallest kept
 * block that is large enough; if all are too small the largest goes back to the system for the one it gets, so that
 * graphs which run in turn share one block. When too many are kept the smallest goes.
 */
final class Workspaces {
    private static final int KEPT = 8;
    private static final long PAGE = 4096;
    private static final long HUGE = 2L << 20;

    private final KilnRuntime runtime;
    private final List<Block> free = new ArrayList<>();

    Workspaces(KilnRuntime runtime) {
        this.runtime = runtime;
    }

    /** Memory with any content. */
    record Block(long address, long bytes) {
        static final Block NONE = new Block(0, 0);
    }

    /** At least {@code bytes} of memory; {@link Block#NONE} for 0. */
    Block take(long bytes) {
        if (bytes == 0) {
            return Block.NONE;
        }
        Block chosen = choose(bytes);
        if (chosen != null && chosen.bytes() >= bytes) {
            return chosen;
        }
        if (chosen != null) {
            runtime.unmap(chosen);
        }
        return runtime.map(roundUp(bytes));
    }

    /** The smallest block that is large enough, else the largest; null if there is none. */
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

    private static long roundUp(long bytes) {
        long unit = bytes >= HUGE ? HUGE : PAGE;
        return Math.addExact(bytes, unit - 1) & -unit;
    }

    void give(Block block) {
        if (block == Block.NONE) {
            return;
        }
        Block surplus = null;
        synchronized (this) {
            free.add(block);
            if (free.size() > KEPT) {
                surplus = free.remove(smallest());
            }
        }
        if (surplus != null) {
            runtime.unmap(surplus);
        }
    }

    private int smallest() {
        int smallest = 0;
        for (int i = 1; i < free.size(); i++) {
            if (free.get(i).bytes() < free.get(smallest).bytes()) {
                smallest = i;
            }
        }
        return smallest;
    }

    synchronized void clear() {
        free.forEach(runtime::unmap);
        free.clear();
    }
}
