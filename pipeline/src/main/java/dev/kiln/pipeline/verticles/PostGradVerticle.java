package dev.kiln.pipeline.verticles;

import dev.kiln.cache.CacheLookup;
import dev.kiln.pipeline.PhaseContext;
import dev.kiln.pipeline.PhaseRunner;
import dev.kiln.pipeline.events.Compilation;
import dev.kiln.pipeline.events.CompileEvent;
import dev.kiln.pipeline.events.CompileEvent.ArtifactFound;
import dev.kiln.pipeline.events.CompileEvent.GraphSplit;
import dev.kiln.stages.Environment;
import dev.kiln.stages.codegen.EarlyCompile;
import dev.kiln.stages.postgrad.PostGradDone;
import dev.kiln.stages.postgrad.PostGradPhase;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;

/** {@code GraphSplit -> PostGradDone}, or {@code ArtifactFound} if the artifact cache holds the graph. */
public final class PostGradVerticle extends VerticleBase {
    private final PhaseRunner phases;

    public PostGradVerticle(PhaseRunner phases) {
        this.phases = phases;
    }

    @Override
    public Future<?> start() {
        return phases.on(vertx, GraphSplit.class, "post-grad", PostGradVerticle::optimise);
    }

    private static CompileEvent optimise(GraphSplit event, PhaseContext context) {
        Environment environment = context.environment();
        Compilation compilation = new Compilation(event.split(), event.keys());
        CacheLookup found = environment.cache().artifacts().lookup(event.keys().artifact().key());
        if (found instanceof CacheLookup.Hit hit) {
            if (!environment.cache().mode().checks()) {
                compilation.storeEntry(hit.graph(), environment.aotCache());
                return new ArtifactFound(event.header().next(), hit.graph(), event.keys());
            }
            context.job().expect(hit.graph());
        }
        EarlyCompile.begin(event.split().forward(), context.job().options(), environment,
            context.job().deadline());
        PostGradDone done = PostGradPhase.run(event.split(), context.job().options(),
            context.job().decisions());
        return new CompileEvent.PostGradDone(event.header().next(), done, compilation);
    }
}
