package dev.kiln.pipeline;

import dev.kiln.stages.Environment;

/** What a phase works with besides the event it received. */
public record PhaseContext(CompileJob job, Environment environment, ModelLoader loader) {
}
