package dev.kiln.stages.quantization;

import dev.kiln.ops.graph.ConstantValue;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Constant matrices with rows and columns exchanged. */
public final class Transposition {
    /** Rows and columns of a tile, so that both sides stay in the first cache. */
    private static final long TILE = 32;

    private Transposition() {
    }

    public static ConstantValue of(ConstantValue matrix) {
        long rows = matrix.sizes().get(0);
        long columns = matrix.sizes().get(1);
        int bytes = matrix.dtype().bytes();
        ConstantValue turned = ConstantValue.allocate(matrix.dtype(), List.of(columns, rows));
        for (long r0 = 0; r0 < rows; r0 += TILE) {
            for (long c0 = 0; c0 < columns; c0 += TILE) {
                for (long r = r0; r < Math.min(rows, r0 + TILE); r++) {
                    for (long c = c0; c < Math.min(columns, c0 + TILE); c++) {
                        MemorySegment.copy(matrix.data(), (r * columns + c) * bytes, turned.data(), (c * rows + r) * bytes, bytes);
                    }
                }
            }
        }
        return turned;
    }
}
