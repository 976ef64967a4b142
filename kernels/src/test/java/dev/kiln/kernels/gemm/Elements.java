package dev.kiln.kernels.gemm;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Reads and writes elements of any type as doubles. */
final class Elements {
    private Elements() {}

    static MemorySegment write(ElementType type, double[] values, Arena arena) {
        MemorySegment segment = arena.allocate((long) values.length * type.bytes(), 64);
        for (int i = 0; i < values.length; i++) {
            set(type, segment, i, values[i]);
        }
        return segment;
    }

    static void set(ElementType type, MemorySegment segment, long index, double value) {
        switch (type) {
            case F32 -> segment.setAtIndex(ValueLayout.JAVA_FLOAT, index, (float) value);
            case F64 -> segment.setAtIndex(ValueLayout.JAVA_DOUBLE, index, value);
            case I32 -> segment.setAtIndex(ValueLayout.JAVA_INT, index, (int) value);
            case I64 -> segment.setAtIndex(ValueLayout.JAVA_LONG, index, (long) value);
            default -> throw new IllegalArgumentException(type + " is no number");
        }
    }

    static double[] read(ElementType type, MemorySegment segment, int length) {
        double[] values = new double[length];
        for (int i = 0; i < length; i++) {
            values[i] = switch (type) {
                case F32 -> segment.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                case F64 -> segment.getAtIndex(ValueLayout.JAVA_DOUBLE, i);
                case I32 -> segment.getAtIndex(ValueLayout.JAVA_INT, i);
                case I64 -> segment.getAtIndex(ValueLayout.JAVA_LONG, i);
                default -> throw new IllegalArgumentException(type + " is no number");
            };
        }
        return values;
    }
}
