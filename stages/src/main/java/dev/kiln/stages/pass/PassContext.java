package dev.kiln.stages.pass;

import dev.kiln.stages.CompileOptions;

/** What passes may look at besides the graph. */
public record PassContext(CompileOptions options, Decisions decisions) {
}
