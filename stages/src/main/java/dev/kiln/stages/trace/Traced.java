package dev.kiln.stages.trace;

import dev.kiln.ops.graph.Graph;

/** What tracing gives: the graph of ATen ops with its symbols and guards. */
public record Traced(String model, Graph graph) {
}
