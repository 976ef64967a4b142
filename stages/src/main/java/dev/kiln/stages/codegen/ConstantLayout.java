package dev.kiln.stages.codegen;

import dev.kiln.kernels.gemm.PackedWeight;
import dev.kiln.ops.graph.ConstantValue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * A constant as native code wants it: as it is, or packed. It is packed only when its bytes are asked for.
 *
 * @param order how the unpacked constant lies in memory
 */
public record ConstantLayout(ConstantValue value, Optional<PackedWeight> packing, PackedWeight.Order order) {

    public long bytes() {
        return packing.map(PackedWeight::bytes).orElse(value.data().byteSize());
    }

    /** Bytes of scratch that {@link #in} needs. */
    public long scratch() {
        return packing.map(PackedWeight::bytes).orElse(0L);
    }

    /** In native memory of its own, for code that is called without a cache. */
    public MemorySegment copy() {
        MemorySegment memory = Arena.ofAuto().allocate(Math.max(PackedWeight.ALIGNMENT, bytes()), PackedWeight.ALIGNMENT);
        MemorySegment data = in(memory);
        return packing.isPresent() ? data : memory.copyFrom(data);
    }

    /** The constant's own memory, or the beginning of {@code scratch} with the packed form in it. */
    public MemorySegment in(MemorySegment scratch) {
        if (packing.isEmpty()) {
            return value.data();
        }
        MemorySegment packed = scratch.asSlice(0, bytes());
        packing.get().pack(value.data(), order, packed);
        return packed;
    }
}
