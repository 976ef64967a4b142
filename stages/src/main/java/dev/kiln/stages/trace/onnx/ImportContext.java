package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.graph.GraphBuilder;

/** What all nodes of an import share. */
record ImportContext(int opset, GraphBuilder builder, Values values, TensorReader reader) {
}
