package dev.kiln.pipeline.function;

import dev.kiln.ops.DType;
import dev.kiln.stages.postcompile.OutputMemory;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Where a backward works: in the block of what was saved, if that need not stay as it is, else in another. Gradients lie
 * there too, in place of what has been read, or in memory of their own.
 */
final class BackwardMemory implements OutputMemory {
    private final SavedMemory.Block gradients;
    private final Scratch.Call scratch;
    private final Optional<SavedMemory.Block> saved;
    private final Supplier<SavedMemory.Block> more;
    private final boolean together;
    private Optional<SavedMemory.Block> other = Optional.empty();
    private boolean lent;

    /**
     * For one backward.
     *
     * @param gradients for those that lie in memory of their own
     * @param saved what may be written over
     * @param more gives other blocks
     * @param together whether gradients may lie in the block of what was saved
     */
    BackwardMemory(SavedMemory.Block gradients, Scratch.Call scratch, Optional<SavedMemory.Block> saved,
            Supplier<SavedMemory.Block> more, boolean together) {
        this.gradients = gradients;
        this.scratch = scratch;
        this.saved = saved;
        this.more = more;
        this.together = together;
    }

    @Override
    public MemorySegment allocate(int output, DType dtype, long[] shape) {
        return gradients.allocate(output, dtype, shape);
    }

    @Override
    public MemorySegment allocate(int output, DType dtype, long[] shape, MemorySegment room) {
        if (!together || other.isPresent() || saved.isEmpty() || !saved.get().contains(room)) {
            return allocate(output, dtype, shape);
        }
        lent = true;
        return room;
    }

    @Override
    public MemorySegment workspace(long bytes) {
        if (saved.isPresent() && saved.get().holds(bytes)) {
            return saved.get().workspace(bytes);
        }
        other = Optional.of(more.get());
        return other.get().workspace(bytes);
    }

    @Override
    public MemorySegment scratch(LongSupplier bytes) {
        return scratch.take(bytes);
    }

    /** Whether gradients lie in the block of what was saved. */
    boolean lent() {
        return lent;
    }

    /** The backward is done. */
    void release() {
        other.ifPresent(SavedMemory.Block::release);
    }
}
