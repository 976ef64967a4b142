package dev.kiln.kernels.runtime;

import java.util.Optional;

/**
 * Scratch memory for calls, kept for the next ones. Blocks come straight from the operating system,
 * page-aligned, and from 2 MiB up on huge pages where the system has any. A call takes the smallest kept
 * block that is large enough; if all are too small the largest goes back to the system for the one it gets, so that
 * graphs which run in turn share one block. When too many are kept the smallest goes.
 */
final class Workspaces {
    private static final long PAGE = 4096;
    private static final long HUGE = 2L << 20;

    private final KilnRuntime runtime;
    private final FreeBlocks<Block> free = new FreeBlocks<>(Block::bytes);

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
        Optional<Block> kept = free.take(bytes);
        if (kept.isPresent() && kept.get().bytes() >= bytes) {
            return kept.get();
        }
        kept.ifPresent(runtime::unmap);
        return runtime.map(roundUp(bytes));
    }

    private static long roundUp(long bytes) {
        long unit = bytes >= HUGE ? HUGE : PAGE;
        return Math.addExact(bytes, unit - 1) & -unit;
    }

    void give(Block block) {
        if (block != Block.NONE) {
            free.put(block).ifPresent(runtime::unmap);
        }
    }

    void clear() {
        free.takeAll().forEach(runtime::unmap);
    }
}
