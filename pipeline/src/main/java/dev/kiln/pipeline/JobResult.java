package dev.kiln.pipeline;

import dev.kiln.CompileInfo;

/**
 * What a job gives to each of those who wait for it.
 *
 * @param model already retained for the receiver, who must release it
 */
public record JobResult(LoadedModel model, CompileInfo info) {
}
