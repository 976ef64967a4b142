package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import java.util.List;

/**
 * Which boxes of each row are kept: a box that is alive is kept unless it shares more than {@code limit} of the common
 * area with one that was kept before it; none after the first {@code most}.
 *
 * <p>{@code corners} [rows, 4, boxes], f32, are the lower ends of both axes, then the upper ends; {@code alive}
 * [rows, boxes] is bool, {@code limit} f32 with one element. The result has the shape and dtype of {@code alive}.
 */
public final class DetectionOps {
    public static final String SUPPRESS = "kiln.suppress_overlaps.default";

    private DetectionOps() {
    }

    static void register(Registry r) {
        r.internal("suppress_overlaps.default(Tensor corners, Tensor alive, Tensor limit, int most) -> Tensor",
            OpKind.SEQUENTIAL, ShapeFunction.single(DetectionOps::shape));
    }

    private static FakeTensor shape(OpArgs a) {
        FakeTensor corners = a.tensor(0);
        FakeTensor alive = a.tensor(1);
        boolean typed = corners.dtype() == DType.F32 && alive.dtype() == DType.BOOL && a.tensor(2).dtype() == DType.F32;
        if (!typed || corners.rank() != 3 || alive.rank() != 2 || !corners.size(1).is(4) || !a.tensor(2).numel().is(1)) {
            throw a.error("f32[rows, 4, boxes], bool[rows, boxes] and an f32 expected, got "
                + List.of(corners, alive, a.tensor(2)));
        }
        a.shapes().require(corners.size(0), alive.size(0), SUPPRESS + ", rows");
        a.shapes().require(corners.size(2), alive.size(1), SUPPRESS + ", boxes");
        return FakeTensor.contiguous(DType.BOOL, alive.sizes());
    }
}
