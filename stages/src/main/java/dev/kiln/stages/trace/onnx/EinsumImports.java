package dev.kiln.stages.trace.onnx;

import dev.kiln.stages.trace.onnx.OnnxOps.Registry;

/** Einsum, which PyTorch writes in the same language. */
final class EinsumImports {
    private EinsumImports() {
    }

    static void register(Registry r) {
        r.tensor("Einsum", n -> n.call("aten.einsum.default", n.attributes().string("equation", ""), n.tensors()));
    }
}
