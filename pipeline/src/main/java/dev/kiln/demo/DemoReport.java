package dev.kiln.demo;

import dev.kiln.CompileInfo;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the demo shows.
 *
 * @param similarities cosine of each pair of sentences, [n][n]
 * @param readyMillis from opening Kiln to a model that can run
 */
record DemoReport(List<String> sentences, double[][] similarities, CompileInfo info, double readyMillis,
        SentenceEmbedder.Embedded embedded) {
    private static final double SLOW = 1000;

    String text() {
        return "\n" + SimilarityTable.render(sentences, similarities) + "\n" + times() + "\n";
    }

    private String times() {
        String ready = info.cacheHit() ? "loaded from the cache in " + duration(readyMillis)
                : "compiled in " + duration(readyMillis) + " (run it again: the cache has it now)";
        return "all-MiniLM-L6-v2, " + info.kernels().size() + " native kernels, cache "
                + (info.cacheHit() ? "hit" : "miss") + ": " + ready + "; " + sentences.size()
                + " sentences of up to " + embedded.tokens().columns() + " tokens embedded in "
                + duration(embedded.runMillis());
    }

    static String duration(double millis) {
        return millis < SLOW ? String.format(Locale.ROOT, "%.1f ms", millis)
                : String.format(Locale.ROOT, "%.1f s", millis / SLOW);
    }

    /** The object that {@code --json} prints. */
    Map<String, Object> json() {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("model", "all-MiniLM-L6-v2");
        object.put("cache", info.cacheHit() ? "hit" : "miss");
        object.put("key", info.key().text());
        object.put("ready_ms", readyMillis);
        object.put("run_ms", embedded.runMillis());
        object.put("tokens", List.of(embedded.tokens().rows(), embedded.tokens().columns()));
        object.put("sentences", sentences);
        object.put("similarities", similarities);
        return object;
    }
}
