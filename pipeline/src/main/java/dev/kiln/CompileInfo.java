package dev.kiln;

import dev.kiln.cache.Blob;
import dev.kiln.cache.CacheKey;
import dev.kiln.cache.CompiledGraph;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How a model came to be ready.
 *
 * @param cacheHit whether nothing had to be compiled
 * @param spans what was done for this request, in order of start
 */
public record CompileInfo(CompiledGraph graph, boolean cacheHit, List<Span> spans, double totalMillis) {

    public CompileInfo {
        spans = List.copyOf(spans);
    }

    /**
     * A piece of work.
     *
     * @param startNanos on the clock of {@link System#nanoTime}
     */
    public record Span(String phase, long startNanos, long endNanos, String thread) {
        public double millis() {
            return (endNanos - startNanos) / 1e6;
        }
    }

    /** Key of the compiled graph. */
    public CacheKey key() {
        return graph.key();
    }

    /** Time of each phase that ran for this request, milliseconds, in order. */
    public Map<String, Double> stageMillis() {
        Map<String, Double> millis = new LinkedHashMap<>();
        for (Span span : spans) {
            Double before = millis.get(span.phase());
            millis.put(span.phase(), (before == null ? 0 : before) + span.millis());
        }
        return millis;
    }

    public List<CompiledGraph.KernelInfo> kernels() {
        return graph.kernels();
    }

    /** Bytes of code, run-time library and constants. */
    public long artifactBytes() {
        long bytes = 0;
        for (Blob blob : graph.requiredBlobs()) {
            bytes += blob.bytes();
        }
        return bytes;
    }

    /** What each phase decided, in words; the same on a hit as on the miss that made the entry. */
    public List<String> decisions() {
        return graph.history().decisions();
    }
}
