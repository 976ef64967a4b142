package dev.kiln.stages.trace.pt2.schema;

import java.util.List;
import java.util.Map;

/** An exported program in the shape of the newest schema, whichever version wrote it. */
public record Program(ProgramGraph graph, List<InputSpec> inputs, List<OutputSpec> outputs,
        Map<String, Range> ranges) {

    /** Inclusive; open ends are the extremes of long. */
    public record Range(long min, long max) {
    }
}
