package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;

/** Einsum, which PyTorch writes in the same language. */
final class EinsumImports {
    private EinsumImports() {
    }

    static void register(Registry r) {
        r.tensor("Einsum", n -> {
            Arg.Ref sum = n.call("aten.einsum.default", n.attributes().string("equation", ""), n.tensors());
            DType dtype = n.dtype(n.tensor(0));
            return n.dtype(sum) == dtype ? sum : n.call("aten._to_copy.default", sum, dtype);
        });
    }
}
