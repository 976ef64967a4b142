package dev.kiln.pipeline.verticles;

import dev.kiln.cache.aot.AotLookup;
import dev.kiln.pipeline.PhaseContext;
import dev.kiln.pipeline.PhaseRunner;
import dev.kiln.pipeline.events.CompileEvent;
import dev.kiln.pipeline.events.CompileEvent.ArtifactFound;
import dev.kiln.pipeline.events.CompileEvent.GraphSplit;
import dev.kiln.pipeline.events.CompileEvent.Traced;
import dev.kiln.stages.autograd.AutogradPhase;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;

/** {@code Traced -> GraphSplit}, or {@code ArtifactFound} if the AOTAutograd cache holds the traced graph. */
public final class AutogradVerticle extends VerticleBase {
    private final PhaseRunner phases;

    public AutogradVerticle(PhaseRunner phases) {
        this.phases = phases;
    }

    @Override
    public Future<?> start() {
        return phases.on(vertx, Traced.class, "autograd", AutogradVerticle::split);
    }

    private static CompileEvent split(Traced event, PhaseContext context) {
        AotLookup found = context.environment().aotCache().lookup(event.keys().aot().orElseThrow().key(), false);
        if (found instanceof AotLookup.Hit hit) {
            if (!context.environment().cache().mode().checks()) {
                return new ArtifactFound(event.header().next(), hit.forward(), event.keys());
            }
            context.job().expect(hit.forward());
        }
        return new GraphSplit(event.header().next(), AutogradPhase.run(event.traced()), event.keys());
    }
}
