package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.graph.Arg;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;

/** Matrix products. */
final class MatrixImports {
    private MatrixImports() {
    }

    static void register(Registry r) {
        r.tensor("MatMul", n -> n.call("aten.matmul.default", n.tensor(0), n.tensor(1)));
        r.tensor("Gemm", MatrixImports::gemm);
    }

    /** alpha * A' * B' + beta * C, with A and B transposed on demand. */
    private static Arg.Ref gemm(NodeImport n) {
        Arg.Ref a = turned(n, n.tensor(0), "transA");
        Arg.Ref b = turned(n, n.tensor(1), "transB");
        double alpha = n.attributes().real("alpha", 1);
        double beta = n.attributes().real("beta", 1);
        if (n.has(2) && beta != 0) {
            return n.call("aten.addmm.default", n.tensor(2), a, b, number(n, beta), number(n, alpha));
        }
        Arg.Ref product = n.call("aten.mm.default", a, b);
        return alpha == 1 ? product : n.call("aten.mul.Scalar", product, number(n, alpha));
    }

    private static Arg.Ref turned(NodeImport n, Arg.Ref x, String flag) {
        return n.attributes().flag(flag, false) ? n.call("aten.t.default", x) : x;
    }

    /** A factor that does not change the product's dtype. */
    private static Arg number(NodeImport n, double factor) {
        return n.valueType(0).isFloating() && factor != 1 ? new Arg.Real(factor) : Arg.of((long) factor);
    }
}
