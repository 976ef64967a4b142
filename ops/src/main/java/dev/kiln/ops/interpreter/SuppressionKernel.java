package dev.kiln.ops.interpreter;

import dev.kiln.ops.graph.ConstantValue;

/** Suppression of overlapping boxes, box by box as {@link dev.kiln.ops.aten.DetectionOps} says. */
final class SuppressionKernel {
    private final ConstantValue corners;
    private final long boxes;

    private SuppressionKernel(ConstantValue corners) {
        this.corners = corners;
        this.boxes = corners.sizes().get(2);
    }

    static ConstantValue run(Frame frame) {
        ConstantValue alive = frame.value(1);
        ConstantValue kept = frame.allocate(0);
        kept.data().copyFrom(alive.data());
        SuppressionKernel kernel = new SuppressionKernel(frame.value(0));
        for (long row = 0; row < alive.sizes().get(0); row++) {
            kernel.row(row, kept, (float) frame.value(2).doubleAt(0), frame.args().integer(3));
        }
        return kept;
    }

    private void row(long row, ConstantValue kept, float limit, long most) {
        long count = 0;
        for (long i = 0; i < boxes; i++) {
            if (kept.longAt(row * boxes + i) != 0 && count++ >= most) {
                kept.set(row * boxes + i, 0L);
            }
            for (long j = i + 1; j < boxes && kept.longAt(row * boxes + i) != 0; j++) {
                if (share(row, i, j) > limit) {
                    kept.set(row * boxes + j, 0L);
                }
            }
        }
    }

    private float corner(long row, int end, long box) {
        return (float) corners.doubleAt((row * 4 + end) * boxes + box);
    }

    private float length(long row, int axis, long box) {
        return corner(row, axis + 2, box) - corner(row, axis, box);
    }

    private float shared(long row, int axis, long i, long j) {
        float low = Math.max(corner(row, axis, i), corner(row, axis, j));
        return Math.max(0, Math.min(corner(row, axis + 2, i), corner(row, axis + 2, j)) - low);
    }

    private float share(long row, long i, long j) {
        float both = shared(row, 0, i, j) * shared(row, 1, i, j);
        return both / (length(row, 0, i) * length(row, 1, i) + length(row, 0, j) * length(row, 1, j) - both);
    }
}
