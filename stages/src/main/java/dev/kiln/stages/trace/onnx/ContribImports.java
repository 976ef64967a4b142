package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/** The operators of ONNX Runtime's own domain, {@code com.microsoft}, that exporters and its optimiser leave in models. */
final class ContribImports {
    private ContribImports() {
    }

    static void register(Registry r) {
        r.tensor("FusedMatMul", ContribImports::fusedMatMul);
        r.tensor("Gelu", n -> n.call("aten.gelu.default", n.tensor(0)));
        r.tensor("BiasGelu", n -> n.call("aten.gelu.default", n.call("aten.add.Tensor", n.tensor(0), n.tensor(1))));
        r.tensor("FastGelu", n -> n.call("aten.gelu.default",
            n.has(1) ? n.call("aten.add.Tensor", n.tensor(0), n.tensor(1)) : n.tensor(0), "tanh"));
        r.tensor("QuickGelu", n -> n.call("aten.mul.Tensor", n.tensor(0), n.call("aten.sigmoid.default",
            n.call("aten.mul.Scalar", n.tensor(0), (double) n.attributes().real("alpha", 1.702f)))));
        r.tensor("SimplifiedLayerNormalization", NormalizationImports::rmsNorm);
        r.op("SkipLayerNormalization", n -> skip(n, false));
        r.op("SkipSimplifiedLayerNormalization", n -> skip(n, true));
    }

    private static Arg.Ref fusedMatMul(NodeImport n) {
        Arg.Ref product = n.call("aten.matmul.default", turned(n, 0, "A"), turned(n, 1, "B"));
        double alpha = n.attributes().real("alpha", 1);
        return alpha == 1 ? product : n.call("aten.mul.Scalar", product, alpha);
    }

    /** The batch transposition moves the first dimension before the last. */
    private static Arg.Ref turned(NodeImport n, int input, String which) {
        Arg.Ref x = n.tensor(input);
        int rank = n.rank(x);
        if (n.attributes().flag("transBatch" + which, false)) {
            List<Long> order = new ArrayList<>();
            for (long d = 1; d < rank - 1; d++) {
                order.add(d);
            }
            order.add(0L);
            order.add(rank - 1L);
            x = n.call("aten.permute.default", x, order);
        }
        return n.attributes().flag("trans" + which, false) && rank > 1 ? n.call("aten.transpose.int", x, -2, -1) : x;
    }

    /** Inputs: x, skip, gamma, then beta unless simplified, bias. The fourth output is the sum that is normalised. */
    private static List<Value> skip(NodeImport n, boolean simplified) {
        Arg.Ref sum = n.call("aten.add.Tensor", n.tensor(0), n.tensor(1));
        int bias = simplified ? 3 : 4;
        sum = n.has(bias) ? n.call("aten.add.Tensor", sum, n.tensor(bias)) : sum;
        double epsilon = n.attributes().real("epsilon", 1e-12f);
        SymInt width = n.type(sum).sizes().getLast();
        Arg.Ref result = simplified
            ? NormalizationImports.rootMeanSquare(n, sum, LongStream.of(n.rank(sum) - 1L).toArray(), n.tensor(2), epsilon)
            : n.call("aten.native_layer_norm.default", sum, List.of(width), n.tensor(2), n.optionalTensor(3), epsilon);
        Value none = new Value.Sequence(List.of());
        return List.of(new Value.Tensor(result), none, none, new Value.Tensor(sum));
    }
}
