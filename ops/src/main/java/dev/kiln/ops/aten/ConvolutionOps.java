package dev.kiln.ops.aten;

import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpTable.Registry;
import dev.kiln.ops.schema.ShapeFunction;

/** Convolution over one to three spatial dimensions; PyTorch's other convolutions are decomposed to it. */
final class ConvolutionOps {
    private ConvolutionOps() {
    }

    static void register(Registry r) {
        r.op(ConvolutionSpec.SCHEMA, OpKind.CONTRACTION, ShapeFunction.single(a -> ConvolutionSpec.of(a).result(a)));
    }
}
