package dev.kiln.pipeline.verticles;

import dev.kiln.pipeline.CompileJob;
import dev.kiln.pipeline.PhaseContext;
import dev.kiln.pipeline.PhaseRunner;
import dev.kiln.pipeline.events.CompileEvent;
import dev.kiln.pipeline.events.CompileEvent.KernelsGenerated;
import dev.kiln.stages.autotune.AutotunePhase;
import dev.kiln.stages.autotune.KernelsChosen;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;

/** {@code KernelsGenerated -> KernelsChosen}: candidates are compiled, checked and timed. */
public final class AutotuneVerticle extends VerticleBase {
    private final PhaseRunner phases;

    public AutotuneVerticle(PhaseRunner phases) {
        this.phases = phases;
    }

    @Override
    public Future<?> start() {
        return phases.on(vertx, KernelsGenerated.class, "autotune", AutotuneVerticle::choose);
    }

    private static CompileEvent choose(KernelsGenerated event, PhaseContext context) {
        CompileJob job = context.job();
        KernelsChosen chosen = AutotunePhase.run(event.code(), job.options(), context.environment(),
            job.decisions(), job.deadline(), state -> job.progress("autotune", state));
        return new CompileEvent.KernelsChosen(event.header().next(), chosen, event.compilation());
    }
}
