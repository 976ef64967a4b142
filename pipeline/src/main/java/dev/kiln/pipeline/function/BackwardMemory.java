package dev.kiln.pipeline.function;

import dev.kiln.ops.DType;
import dev.kiln.stages.postcompile.OutputMemory;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** Where a backward works: in the block of what was saved, if that need not stay as it is, else in another. */
final class BackwardMemory implements OutputMemory {
    private final SavedMemory.Block gradients;
    private final Scratch.Call scratch;
    private final Optional<SavedMemory.Block> saved;
    private final Supplier<SavedMemory.Block> more;
    private Optional<SavedMemory.Block> other = Optional.empty();

    /**
     * For one backward.
     *
     * @param saved what may be written over
     * @param more gives other blocks
     */
    BackwardMemory(SavedMemory.Block gradients, Scratch.Call scratch, Optional<SavedMemory.Block> saved,
            Supplier<SavedMemory.Block> more) {
        this.gradients = gradients;
        this.scratch = scratch;
        this.saved = saved;
        this.more = more;
    }

    @Override
    public MemorySegment allocate(int output, DType dtype, long[] shape) {
        return gradients.allocate(output, dtype, shape);
    }

    @Override
    public MemorySegment workspace(long bytes) {
        if (saved.isPresent() && saved.get().holds(bytes)) {
            return saved.get().memory();
        }
        other = Optional.of(more.get());
        return other.get().workspace(bytes);
    }

    @Override
    public MemorySegment scratch(LongSupplier bytes) {
        return scratch.take(bytes);
    }

    /** The backward is done. */
    void release() {
        other.ifPresent(SavedMemory.Block::release);
    }
}
