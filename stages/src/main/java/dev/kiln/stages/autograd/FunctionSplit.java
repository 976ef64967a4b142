package dev.kiln.stages.autograd;

import java.util.Optional;

/**
 * What the autograd split gives for a traced function.
 *
 * @param forward the graph to run forward; its first outputs are the function's, those behind are saved for the backward
 *     graph
 * @param backward the graph that computes gradients, if any are asked for; its inputs carry the names of forward inputs,
 *     of what the forward graph saves, or of tangents ({@link JointGraph#TANGENT} and the output's number), its outputs
 *     those of the inputs that they are the gradients of, behind {@link JointGraph#GRADIENT}
 */
public record FunctionSplit(GraphSplit forward, Optional<GraphSplit> backward) {
}
