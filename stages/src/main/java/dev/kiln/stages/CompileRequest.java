package dev.kiln.stages;

import dev.kiln.stages.trace.TraceOptions;
import java.nio.file.Path;

/** What a user asks for: a model file, how its inputs are shaped, and options. */
public record CompileRequest(Path model, TraceOptions trace, CompileOptions options) {
    public static CompileRequest of(Path model) {
        return new CompileRequest(model, TraceOptions.NONE, CompileOptions.defaults());
    }
}
