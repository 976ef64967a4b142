package dev.kiln.stages.trace;

import dev.kiln.ops.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Weights of a mapped file, which may lie at any address. */
public final class AlignedData {
    private AlignedData() {
    }

    /** The same bytes at an address that suits the type: where they are, else a copy outside the heap. */
    public static MemorySegment of(MemorySegment data, DType dtype) {
        if (data.isNative() && data.address() % dtype.bytes() == 0) {
            return data;
        }
        // allocateFrom does not clear the memory first, as allocate does
        Arena arena = Arena.ofAuto();
        return switch (dtype.bytes()) {
            case 8, 16 -> arena.allocateFrom(ValueLayout.JAVA_LONG, data, ValueLayout.JAVA_LONG_UNALIGNED, 0,
                data.byteSize() / 8);
            case 4 -> arena.allocateFrom(ValueLayout.JAVA_INT, data, ValueLayout.JAVA_INT_UNALIGNED, 0,
                data.byteSize() / 4);
            case 2 -> arena.allocateFrom(ValueLayout.JAVA_SHORT, data, ValueLayout.JAVA_SHORT_UNALIGNED, 0,
                data.byteSize() / 2);
            default -> arena.allocateFrom(ValueLayout.JAVA_BYTE, data, ValueLayout.JAVA_BYTE, 0,
                data.byteSize());
        };
    }
}
