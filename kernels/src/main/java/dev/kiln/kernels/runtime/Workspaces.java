package dev.kiln.kernels.runtime;

import java.util.ArrayList;
import java.util.List;

/**
 * Scratch memory for calls, kept for the next ones. Blocks come straight from the operating system,
 * page-aligned, and from 2 MiB up on huge pages where the system has any. A call takes the smallest kept
 * block that is large enough; when too many are kept the smallest goes back to the system.
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
        synchronized (this) {
            int best = -1;
            for (int i = 0; i < free.size(); i++) {
                long size = free.get(i).bytes();
                if (size >= bytes && (best < 0 || size < free.get(best).bytes())) {
                    best = i;
                }
            }
            if (best >= 0) {
                return free.remove(best);
            }
        }
        return runtime.map(roundUp(bytes));
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
