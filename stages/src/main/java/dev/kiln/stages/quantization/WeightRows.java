package dev.kiln.stages.quantization;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;

/** The rows [K] of a weight [N, K] of f32, some at a time. */
record WeightRows(ConstantValue weight, int rows, int depth) {

    interface Action {
        void apply(int row, float[] values);
    }

    static WeightRows of(ConstantMatrix matrix) {
        if (matrix.value().dtype() != DType.F32) {
            throw new IllegalArgumentException("a weight of f32 expected, got " + matrix.value().dtype());
        }
        return new WeightRows(matrix.byOutput(), Math.toIntExact(matrix.n()), Math.toIntExact(matrix.k()));
    }

    /** On several threads. */
    void forEach(Action action) {
        IntStream.range(0, rows).parallel().forEach(row -> {
            float[] values = new float[depth];
            MemorySegment.copy(weight.data(), ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * row * depth, values, 0, depth);
            action.apply(row, values);
        });
    }
}
