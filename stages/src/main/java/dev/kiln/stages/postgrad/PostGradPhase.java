package dev.kiln.stages.postgrad;

import dev.kiln.stages.CompileOptions;
import dev.kiln.stages.autograd.GraphSplit;
import dev.kiln.stages.pass.Decisions;
import dev.kiln.stages.pass.PassContext;

/** The post-grad phase: {@link PostGradPasses} on the forward graph. */
public final class PostGradPhase {
    private PostGradPhase() {
    }

    public static PostGradDone run(GraphSplit split, CompileOptions options, Decisions decisions) {
        return new PostGradDone(PostGradPasses.run(split.forward(), new PassContext(options, decisions)), split.kept(),
            split.roomFor(), split.writtenBack());
    }
}
