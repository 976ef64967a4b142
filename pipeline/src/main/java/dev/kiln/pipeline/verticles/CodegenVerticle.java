package dev.kiln.pipeline.verticles;

import dev.kiln.pipeline.CompileJob;
import dev.kiln.pipeline.PhaseContext;
import dev.kiln.pipeline.PhaseRunner;
import dev.kiln.pipeline.events.CompileEvent;
import dev.kiln.pipeline.events.CompileEvent.KernelsGenerated;
import dev.kiln.pipeline.events.CompileEvent.PostGradDone;
import dev.kiln.stages.codegen.CodegenPhase;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;

/** {@code PostGradDone -> KernelsGenerated}: lowering, scheduling and C. */
public final class CodegenVerticle extends VerticleBase {
    private final PhaseRunner phases;

    public CodegenVerticle(PhaseRunner phases) {
        this.phases = phases;
    }

    @Override
    public Future<?> start() {
        return phases.on(vertx, PostGradDone.class, "codegen", CodegenVerticle::generate);
    }

    private static CompileEvent generate(PostGradDone event, PhaseContext context) {
        CompileJob job = context.job();
        return new KernelsGenerated(event.header().next(), CodegenPhase.run(event.graph(),
            job.options(), context.environment(), job.decisions()), event.compilation());
    }
}
