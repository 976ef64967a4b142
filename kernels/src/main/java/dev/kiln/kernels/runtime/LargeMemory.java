package dev.kiln.kernels.runtime;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Memory for large tensors, straight from the operating system: on huge pages where it has any, so that kernels which
 * jump through memory do not wait for address translation, and kept for the next tensor of the size, so that not every
 * result pays for touching new pages. A block is free again once the garbage collector finds its tensor unreachable;
 * it is asked to look when a good deal has been handed out since it last did.
 */
final class LargeMemory {
    static final long SMALLEST = 4L << 20;
    /** Sizes are whole units; what is left behind the last huge page lies on small ones. */
    private static final long UNIT = 64L << 10;
    private static final long KEPT_AT_MOST = 1L << 30;
    /** Bytes in use from which the collector is asked: new pages cost more than it does. */
    private static final long UNHURRIED = 256L << 20;
    private static final int PATIENCE = 20;
    private static final long MOMENT_NANOS = 5_000_000;

    private static volatile LargeMemory shared;

    private final long mapFunction;
    private final long unmapFunction;
    private final Map<Long, Deque<Long>> free = new HashMap<>();
    private long kept;
    private long used;
    private long collectAt = UNHURRIED;

    private LargeMemory(long mapFunction, long unmapFunction) {
        this.mapFunction = mapFunction;
        this.unmapFunction = unmapFunction;
    }

    /** Serves this process by the functions of a runtime library that stays loaded. */
    static void bind(long mapFunction, long unmapFunction) {
        shared = new LargeMemory(mapFunction, unmapFunction);
    }

    /** Memory that lives as long as it is reachable, or until it is let go of. */
    record Lease(MemorySegment segment, Runnable end) {
        /** Nobody will read or write it any more: it goes back to the system, without waiting for the garbage collector. */
        void free() {
            end.run();
        }
    }

    /** As {@link #allocate}, for those who know when they are done. */
    static Lease lease(long bytes) {
        LargeMemory memory = shared;
        Lease lease = memory == null || bytes < SMALLEST ? null : memory.take(bytes, false);
        return lease == null ? new Lease(Arena.ofAuto().allocate(bytes, Tensor.ALIGNMENT), () -> { }) : lease;
    }

    /** Gives memory that is free, and kept for later, back to the system. */
    static void trim() {
        LargeMemory memory = shared;
        if (memory != null) {
            memory.giveBack();
        }
    }

    private void giveBack() {
        Map<Long, Deque<Long>> unused;
        synchronized (this) {
            unused = new HashMap<>(free);
            free.clear();
            kept = 0;
        }
        unused.forEach((size, blocks) -> blocks.forEach(b -> unmap(b, size)));
    }

    /**
     * Memory that lives as long as it is reachable.
     *
     * @param zeroed whether it must be all zeros; otherwise its content is whatever was there
     */
    static MemorySegment allocate(long bytes, boolean zeroed) {
        LargeMemory memory = shared;
        Lease lease = memory == null || bytes < SMALLEST ? null : memory.take(bytes, zeroed);
        return lease == null ? Arena.ofAuto().allocate(bytes, Tensor.ALIGNMENT) : lease.segment();
    }

    private Lease take(long bytes, boolean zeroed) {
        long size = Math.addExact(bytes, UNIT - 1) & -UNIT;
        if (mustCollect(size)) {
            collect(size);
        }
        long address = reuse(size);
        boolean fresh = address == 0;
        if (fresh) {
            NativeWords words = NativeWords.of(size, 0);
            if (KilnRuntime.call(mapFunction, words) != 0) {
                return null;
            }
            address = words.get(1);
            account(size);
        }
        long at = address;
        AtomicBoolean ended = new AtomicBoolean();
        MemorySegment segment = MemorySegment.ofAddress(at).reinterpret(bytes, Arena.ofAuto(), s -> {
            if (!ended.getAndSet(true)) {
                give(at, size);
            }
        });
        return new Lease(zeroed && !fresh ? segment.fill((byte) 0) : segment, () -> {
            if (!ended.getAndSet(true)) {
                account(-size);
                unmap(at, size);
            }
        });
    }

    private synchronized void account(long size) {
        used += size;
    }

    private synchronized boolean mustCollect(long size) {
        return !free.containsKey(size) && used + size > collectAt;
    }

    private synchronized long reuse(long size) {
        Deque<Long> blocks = free.get(size);
        if (blocks == null) {
            return 0;
        }
        long address = blocks.pop();
        if (blocks.isEmpty()) {
            free.remove(size);
        }
        kept -= size;
        used += size;
        return address;
    }

    private void give(long address, long size) {
        synchronized (this) {
            used -= size;
            if (kept + size <= KEPT_AT_MOST) {
                kept += size;
                free.computeIfAbsent(size, s -> new ArrayDeque<>()).push(address);
                return;
            }
        }
        unmap(address, size);
    }

    private void unmap(long address, long size) {
        KilnRuntime.call(unmapFunction, NativeWords.of(size, address));
    }

    private void collect(long size) {
        System.gc();
        for (int i = 0; i < PATIENCE && mustCollect(size); i++) {
            LockSupport.parkNanos(MOMENT_NANOS);
        }
        synchronized (this) {
            collectAt = Math.max(UNHURRIED, 2 * used);
        }
    }
}
