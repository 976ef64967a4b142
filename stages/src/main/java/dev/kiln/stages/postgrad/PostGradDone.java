package dev.kiln.stages.postgrad;

import dev.kiln.ops.graph.Graph;

/** What the post-grad phase gives: a graph in which each op has a lowering. */
public record PostGradDone(Graph graph) {
}
