package dev.kiln.kernels.runtime;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Scratch memory for calls, kept for the next ones. Blocks come straight from the operating system, page-aligned, and
 * from 2 MiB up on huge pages where the system has any. A call takes the smallest kept block that is large enough;
 * when too many are kept the smallest goes back to the system.
 */
final class Workspaces {
    private static final int KEPT = 8;
    private static final long PAGE = 4096;
    private static final long HUGE = 2L << 20;

    private final KilnRuntime runtime;
    private final List<MemorySegment> free = new ArrayList<>();

    Workspaces(KilnRuntime runtime) {
        this.runtime = runtime;
    }

    /** At least {@code bytes} of memory with any content. */
    MemorySegment take(long bytes) {
        if (bytes == 0) {
            return MemorySegment.NULL;
        }
        synchronized (this) {
            int best = -1;
            for (int i = 0; i < free.size(); i++) {
                long size = free.get(i).byteSize();
                if (size >= bytes && (best < 0 || size < free.get(best).byteSize())) {
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

    void give(MemorySegment block) {
        if (block.address() == 0) {
            return;
        }
        MemorySegment surplus = null;
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
            if (free.get(i).byteSize() < free.get(smallest).byteSize()) {
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
