package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.QuantizationOps;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Affine quantisation as arithmetic. */
final class QuantizationDecompositions {
    private QuantizationDecompositions() {
    }

    static void define(Definitions d) {
        d.known(QuantizationOps.DEQUANTIZE, QuantizationDecompositions::dequantize);
    }

    private static Arg.Ref dequantize(Emit e, OpArgs a) {
        DType working = a.tensor(1).dtype();
        Arg.Ref x = e.cast(Emit.ref(a, 0), working);
        if (!a.isNone(2)) {
            x = e.sub(x, e.cast(along(e, a, 2), working));
        }
        return e.cast(e.mul(x, along(e, a, 1)), a.dtype(4).orElseThrow());
    }

    /** A scale or zero point shaped to broadcast against the tensor. */
    private static Arg.Ref along(Emit e, OpArgs a, int position) {
        int rank = a.tensor(0).rank();
        if (a.tensor(position).numel().is(1)) {
            return e.view(Emit.ref(a, position), List.of());
        }
        List<SymInt> sizes = new ArrayList<>(Collections.nCopies(rank, SymInt.ONE));
        sizes.set(a.dim(3, rank), a.tensor(position).size(0));
        return e.view(Emit.ref(a, position), sizes);
    }
}
