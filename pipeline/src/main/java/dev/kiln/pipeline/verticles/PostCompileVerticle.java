package dev.kiln.pipeline.verticles;

import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CompiledGraph;
import dev.kiln.ops.KilnException;
import dev.kiln.pipeline.CompileJob;
import dev.kiln.pipeline.JobSource;
import dev.kiln.pipeline.ModelFiles;
import dev.kiln.pipeline.PhaseContext;
import dev.kiln.pipeline.PhaseRunner;
import dev.kiln.pipeline.events.ArtifactKeys;
import dev.kiln.pipeline.events.CompileEvent;
import dev.kiln.pipeline.events.CompileEvent.ArtifactFound;
import dev.kiln.pipeline.events.CompileEvent.GraphReady;
import dev.kiln.pipeline.events.CompileEvent.KernelsChosen;
import dev.kiln.stages.Environment;
import dev.kiln.stages.postcompile.Assembly;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code KernelsChosen -> GraphReady}: builds and stores the entry, then loads it. {@code ArtifactFound ->
 * GraphReady}: loads the stored one in the same way.
 */
public final class PostCompileVerticle extends VerticleBase {
    private static final Logger LOG = LoggerFactory.getLogger(PostCompileVerticle.class);
    private static final String PHASE = "post-compile";

    private final PhaseRunner phases;

    public PostCompileVerticle(PhaseRunner phases) {
        this.phases = phases;
    }

    @Override
    public Future<?> start() {
        return Future.all(phases.on(vertx, KernelsChosen.class, PHASE, PostCompileVerticle::store),
            phases.on(vertx, ArtifactFound.class, PHASE, PostCompileVerticle::reuse));
    }

    private static CompileEvent store(KernelsChosen event, PhaseContext context) throws Exception {
        CompileJob job = context.job();
        Environment environment = context.environment();
        ArtifactKeys keys = event.compilation().keys();
        CompiledGraph graph = job.measure("post-compile/native build", () -> Assembly.run(event.chosen(),
            event.compilation().split(), keys.artifact(), job.options(), environment,
            job.decisions(), job.stageMillis(), job.deadline()));
        if (job.expected().isPresent()) {
            requireEqual(job.expected().get(), graph);
        } else if (environment.cache().artifacts().put(graph, keys.artifact())
                && event.compilation().storeEntry(graph, environment.aotCache())) {
            remember(job, keys, environment.cache());
        }
        return ready(event, graph, context, job.expected().isPresent());
    }

    private static CompileEvent reuse(ArtifactFound event, PhaseContext context) {
        remember(context.job(), event.keys(), context.environment().cache());
        return ready(event, event.graph(), context, true);
    }

    private static GraphReady ready(CompileEvent event, CompiledGraph graph, PhaseContext context,
            boolean found) {
        return new GraphReady(event.header().next(), graph,
            context.loader().load(graph, context.job().options()), found);
    }

    /** A request that cannot be remembered costs the next process a trace, no more. */
    private static void remember(CompileJob job, ArtifactKeys keys, CacheHome cache) {
        if (!(job.source() instanceof JobSource.ModelFile file)) {
            return;
        }
        Path model = file.request().model();
        try {
            List<Path> external = ModelFiles.external(model);
            if (job.isUnchanged(model, external)) {
                cache.sources().remember(model, external, job.requestKey(), keys.aot().orElseThrow().key());
            }
        } catch (IOException e) {
            LOG.warn("{} will be traced again next time: {}", model, e.toString());
        }
    }

    /** Decisions are left out: those of autotuning tell times, or that they were measured earlier. */
    private static void requireEqual(CompiledGraph stored, CompiledGraph fresh) {
        List<String> differences = new ArrayList<>(stored.differences(fresh));
        differences.remove("decisions");
        if (!differences.isEmpty()) {
            throw new KilnException("cache entry " + stored.key() + " differs from a fresh compile in "
                + String.join(", ", differences));
        }
    }
}
