package dev.kiln.ops.aten;

import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;

/** Affine quantisation, kept in one piece until products of quantised matrices have been found. */
public final class QuantizationOps {
    /**
     * {@code (self - zero_point) * scale}, computed in the scale's dtype: one scale for all of the tensor, or a vector
     * along the axis.
     */
    public static final String DEQUANTIZE = "kiln.dequantize.default";

    private QuantizationOps() {
    }

    static void register(Registry r) {
        r.internal("dequantize.default(Tensor self, Tensor scale, Tensor? zero_point, int axis, ScalarType dtype)"
            + " -> Tensor", OpKind.COMPOSITE, ShapeFunction.single(QuantizationOps::dequantize));
    }

    private static FakeTensor dequantize(OpArgs a) {
        FakeTensor self = a.tensor(0);
        parameter(a, a.tensor(1));
        a.optionalTensor(2).ifPresent(zero -> parameter(a, zero));
        if (!a.tensor(1).dtype().isFloating()) {
            throw a.error("a scale of a floating dtype expected, got " + a.tensor(1));
        }
        return self.fresh(self.sizes()).withDType(a.dtype(4).orElseThrow());
    }

    /** One number, or one for each place along the axis. */
    private static void parameter(OpArgs a, FakeTensor parameter) {
        if (parameter.numel().is(1)) {
            return;
        }
        FakeTensor self = a.tensor(0);
        if (parameter.rank() != 1 || self.rank() == 0) {
            throw a.error("a scale or zero point is one number or a vector, got " + parameter + " for " + self);
        }
        int axis = a.dim(3, self.rank());
        a.shapes().require(parameter.size(0), self.size(axis), a.schema().name() + ", dimension " + axis);
    }
}
