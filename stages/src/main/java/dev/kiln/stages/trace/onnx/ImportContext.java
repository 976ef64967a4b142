package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.GraphBuilder;
import java.util.HashMap;
import java.util.Map;

/**
 * What all nodes of an import share.
 *
 * @param nonZeros the indices taken so far, by the tensor they are of: so that they have one size
 */
record ImportContext(int opset, GraphBuilder builder, Values values, TensorReader reader,
    Map<Arg.Ref, Arg.Ref> nonZeros) {

    ImportContext(int opset, GraphBuilder builder, Values values, TensorReader reader) {
        this(opset, builder, values, reader, new HashMap<>());
    }
}
