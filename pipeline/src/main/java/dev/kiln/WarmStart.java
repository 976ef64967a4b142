package dev.kiln;

import dev.kiln.cache.CacheHome;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.aot.AotLookup;
import dev.kiln.pipeline.LoadedModel;
import dev.kiln.pipeline.ModelLoader;
import dev.kiln.stages.CompileRequest;
import dev.kiln.stages.Environment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/**
 * Finds a request in the cache and loads what it led to, on the calling thread. A fresh JVM pays for every
 * class, lambda and pattern switch, so this path has few of them and no Vert.x, metrics or logging.
 */
final class WarmStart {
    private final Environment environment;
    private final ModelLoader loader;

    /** A model from the cache, with one user, and what was done to get it. */
    record Found(LoadedModel model, CompileInfo info) {
    }

    WarmStart(Environment environment, ModelLoader loader) {
        this.environment = environment;
        this.loader = loader;
    }

    /** Empty if the request must go through the phases, which is always so in the cache's check mode. */
    Optional<Found> find(CompileRequest request, CacheKey requestKey) {
        CacheHome cache = environment.cache();
        if (!cache.mode().reads() || cache.mode().checks()) {
            return Optional.empty();
        }
        long start = System.nanoTime();
        Optional<CacheKey> known = known(request, requestKey);
        if (known.isEmpty()) {
            return Optional.empty();
        }
        AotLookup found = environment.aotCache().lookup(known.get(), false);
        return found instanceof AotLookup.Hit hit ? load(hit, request, start) : Optional.empty();
    }

    private Optional<CacheKey> known(CompileRequest request, CacheKey requestKey) {
        try {
            return environment.cache().sources().find(request.model(), requestKey);
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** An entry that does not load is as good as none: it is set aside, and the phases make it anew. */
    private Optional<Found> load(AotLookup.Hit hit, CompileRequest request, long start) {
        long looked = System.nanoTime();
        LoadedModel model;
        try {
            model = loader.own(loader.load(hit.forward(), request.options()));
        } catch (IllegalStateException e) {
            throw e;
        } catch (RuntimeException e) {
            LoggerFactory.getLogger(WarmStart.class).warn("entry {} does not load and is compiled again: {}",
                hit.forward().key(), e.toString());
            environment.cache().artifacts().quarantine(hit.forward().key(), "it does not load");
            return Optional.empty();
        }
        long ready = System.nanoTime();
        String thread = Thread.currentThread().getName();
        List<CompileInfo.Span> spans = new ArrayList<>();
        spans.add(new CompileInfo.Span("lookup", start, looked, thread));
        spans.add(new CompileInfo.Span("post-compile", looked, ready, thread));
        return Optional.of(new Found(model,
            new CompileInfo(hit.forward(), true, spans, (ready - start) / 1e6)));
    }
}
