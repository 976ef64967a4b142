package dev.kiln.pipeline;

import dev.kiln.pipeline.events.ArtifactKeys;
import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.autograd.GraphSplit;

/** What a compile begins with: a model file, or a graph that was traced and split already. */
public sealed interface JobSource {

    CompileOptions options();

    /** What to call it in messages. */
    String name();

    /** A model file; goes through all phases. */
    record ModelFile(CompileRequest request) implements JobSource {
        @Override
        public CompileOptions options() {
            return request.options();
        }

        @Override
        public String name() {
            return String.valueOf(request.model().getFileName());
        }
    }

    /** A graph of a traced function, forward or backward; goes through the phases after the split. */
    record SplitGraph(GraphSplit split, ArtifactKeys keys, CompileOptions options) implements JobSource {
        @Override
        public String name() {
            return split.model();
        }
    }
}
