package dev.kiln.ops.aten;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Composite ops that normalise along dimensions: softmax, layer norm, variance. */
final class NormalizationOps {
    private NormalizationOps() {
    }

    static void register(Registry r) {
        for (String name : List.of("_softmax", "_log_softmax")) {
            r.op(name + ".default(Tensor self, int dim, bool half_to_float) -> Tensor", OpKind.COMPOSITE,
                ShapeFunction.single(a -> {
                    a.dim(1, a.tensor(0).rank());
                    FakeTensor self = a.tensor(0);
                    return self.withDType(a.bool(2) ? DType.F32 : self.dtype()).fresh(self.sizes());
                }));
        }
        r.op("native_layer_norm.default(Tensor input, SymInt[] normalized_shape, Tensor? weight, "
            + "Tensor? bias, "
            + "float eps) -> (Tensor, Tensor, Tensor)", OpKind.COMPOSITE, NormalizationOps::layerNorm);
        r.op("var.correction(Tensor self, int[]? dim=None, *, Scalar? correction=None, bool keepdim=False)"
            + " -> Tensor",
            OpKind.COMPOSITE, ShapeFunction.single(a -> {
                FakeTensor self = a.tensor(0);
                return self.fresh(Shapes.reduced(self.sizes(), Shapes.reducedDims(a, 1, self.rank()),
                    a.bool(3)));
            }));
        r.op("logsumexp.default(Tensor self, int[] dim, bool keepdim=False) -> Tensor", OpKind.COMPOSITE,
            ShapeFunction.single(a -> FakeTensor.contiguous(TypePromotion.toFloating(a.tensor(0).dtype()),
                Shapes.reduced(a.tensor(0).sizes(), Shapes.reducedDims(a, 1, a.tensor(0).rank()),
                    a.bool(2)))));
    }

    private static List<FakeTensor> layerNorm(OpArgs a) {
        FakeTensor self = a.tensor(0);
        int outer = self.rank() - a.sizes(1).size();
        if (outer < 0 || a.sizes(1).isEmpty()) {
            throw a.error("normalized_shape " + a.sizes(1) + " does not fit the input's shape "
                + self.sizes());
        }
        List<SymInt> statistics = new ArrayList<>(self.sizes());
        for (int d = outer; d < self.rank(); d++) {
            a.shapes().require(self.size(d), a.sizes(1).get(d - outer), "aten.native_layer_norm");
            statistics.set(d, SymInt.ONE);
        }
        DType dtype = self.dtype();
        FakeTensor perRow = FakeTensor.contiguous(dtype, statistics);
        return List.of(self.fresh(self.sizes()), perRow, perRow);
    }
}
