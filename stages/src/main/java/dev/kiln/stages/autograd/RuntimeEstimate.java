package dev.kiln.stages.autograd;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import java.util.List;

/** What computing a value again is taken to cost, in floating-point operations. */
final class RuntimeEstimate {
    private RuntimeEstimate() {
    }

    static double of(JointValues values, int value, PartitionOptions.RuntimeEstimator estimator) {
        if (estimator == PartitionOptions.RuntimeEstimator.TESTING) {
            return 1;
        }
        return values.get(value).node() instanceof Node.Call call ? flops(values.joint().graph(), call) : 0;
    }

    static double flops(Graph graph, Node.Call call) {
        double results = call.outputs().stream().mapToDouble(o -> elements(graph, o)).sum();
        List<FakeTensor> read = call.inputs().stream().map(graph::tensor).toList();
        return switch (call.op().packet()) {
            case "mm", "addmm", "matmul", "linear", "bmm", "baddbmm" -> 2 * results * contracted(graph, call);
            case "convolution" -> 2 * results * elements(graph, read.get(1)) / hint(graph, read.get(1), 0);
            case "convolution_backward" ->
                4 * elements(graph, read.get(0)) * elements(graph, read.get(2)) / hint(graph, read.get(2), 0);
            case "scaled_dot_product_attention" -> 4 * elements(graph, read.get(0)) * hint(graph, read.get(1), -2);
            default -> results + read.stream().mapToDouble(t -> elements(graph, t)).sum();
        };
    }

    /** The length of the sums of a product: the last size of its left matrix. */
    private static double contracted(Graph graph, Node.Call call) {
        int left = call.op().packet().startsWith("add") || call.op().packet().startsWith("badd") ? 1 : 0;
        FakeTensor matrix = graph.tensor((Arg.Ref) call.arg(left));
        return matrix.rank() == 0 ? 1 : hint(graph, matrix, -1);
    }

    private static double hint(Graph graph, FakeTensor tensor, int dim) {
        return Math.max(1, graph.shapes().hint(tensor.size(dim < 0 ? tensor.rank() + dim : dim)));
    }

    private static double elements(Graph graph, FakeTensor tensor) {
        return graph.shapes().hint(tensor.numel());
    }
}
