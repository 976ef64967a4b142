package dev.kiln.pipeline.verticles;

import dev.kiln.cache.KeyComponents;
import dev.kiln.pipeline.PhaseContext;
import dev.kiln.pipeline.PhaseRunner;
import dev.kiln.pipeline.events.ArtifactKeys;
import dev.kiln.pipeline.events.CompileEvent;
import dev.kiln.pipeline.events.CompileEvent.CompileRequested;
import dev.kiln.pipeline.events.EventHeader;
import dev.kiln.stages.CompileKeys;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.trace.TracePhase;
import dev.kiln.stages.trace.Traced;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.util.Optional;

/** {@code CompileRequested -> Traced}: reads the model into a graph, and computes its keys. */
public final class TraceVerticle extends VerticleBase {
    private final PhaseRunner phases;

    public TraceVerticle(PhaseRunner phases) {
        this.phases = phases;
    }

    @Override
    public Future<?> start() {
        return phases.on(vertx, CompileRequested.class, "trace", TraceVerticle::trace);
    }

    private static CompileEvent trace(CompileRequested event, PhaseContext context) {
        CompileRequest request = event.request();
        Traced traced = TracePhase.run(request);
        KeyComponents artifact = CompileKeys.artifact(traced.graph(), request.options(),
            context.environment());
        ArtifactKeys keys = new ArtifactKeys(artifact, Optional.of(CompileKeys.aot(artifact, traced.graph())));
        return new CompileEvent.Traced(EventHeader.of(event.header().job(), artifact.key()), traced, keys);
    }
}
