package dev.kiln.stages.trace.pt2.schema;

import java.util.List;
import java.util.Map;

/** A graph of ATen calls in topological order; {@code symInts} gives symbolic integers by name. */
public record ProgramGraph(List<Argument> inputs, List<Argument> outputs, List<ProgramNode> nodes,
        Map<String, TensorMeta> tensors, Map<String, SizeExpr> symInts) {
}
