package dev.kiln.pipeline.function;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.DType;
import dev.kiln.stages.postcompile.OutputMemory;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Where the results of one forward call lie.
 *
 * @param saved of what is kept for the backward, and with it the workspace of a graph that has both in one
 * @param written of new values of inputs that have to be copied there
 * @param replaced inputs whose memory may take their new values; empty if none may
 */
record ForwardMemory(AotEntry entry, GraphRunner graph, SavedMemory.Block saved, SavedMemory.Block written,
        Scratch.Call scratch, List<Tensor> replaced) implements OutputMemory {
    @Override
    public MemorySegment allocate(int output, DType dtype, long[] shape) {
        if (output >= entry.outputs().size()) {
            return saved.allocate(output, dtype, shape);
        }
        return entry.outputs().get(output).kind() == AotEntry.OutputKind.MUTATED_INPUT
            ? inPlace(output).orElseGet(() -> written.allocate(output, dtype, shape))
            : Tensor.uninitialized(dtype, shape).data();
    }

    /** The memory of the input that an output replaces, if the graph can write there. */
    private Optional<MemorySegment> inPlace(int output) {
        if (replaced.isEmpty() || !graph.writesLate(output)) {
            return Optional.empty();
        }
        Tensor input = replaced.get(entry.outputs().get(output).base());
        long bytes = input.numel() * input.dtype().bytes();
        boolean fits = bytes > 0 && input.isContiguous() && input.data().isNative()
            && input.data().address() % Tensor.ALIGNMENT == 0;
        return fits ? Optional.of(input.data().asSlice(0, bytes)) : Optional.empty();
    }

    @Override
    public MemorySegment workspace(long bytes) {
        return saved.workspace(bytes);
    }

    @Override
    public MemorySegment scratch(LongSupplier bytes) {
        return scratch.take(bytes);
    }
}
