package dev.kiln.stages.trace;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpKind;
import java.util.List;
import java.util.stream.Stream;

/**
 * Marks the pointwise calls of the user's program that read or write f16 or bf16, for {@code emulate_precision_casts}.
 * This is done before any pass: what decompositions add later has no mark, and patterns match as without.
 */
public final class LowPrecisionBarriers {
    private LowPrecisionBarriers() {
    }

    /** The same graph with its calls marked. */
    public static Graph mark(Graph graph) {
        List<Node> nodes = graph.nodes().stream().map(n -> n instanceof Node.Call call && isBarrier(graph, call)
            ? call.withMeta(call.meta().withLowPrecisionBarrier(true)) : n).toList();
        return new Graph(nodes, graph.outputs(), graph.shapes());
    }

    private static boolean isBarrier(Graph graph, Node.Call call) {
        return call.op().kind() == OpKind.ELEMENTWISE
            && Stream.concat(call.inputs().stream().map(graph::tensor), call.outputs().stream())
                .map(FakeTensor::dtype).anyMatch(t -> t == DType.F16 || t == DType.BF16);
    }
}
