package dev.kiln.cache;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Measures a warm start in a fresh JVM: {@code fill DIR} stores an entry of a BERT-like size (90 MB of
 * weights, 400 KB of code, 200 kernels), {@code read DIR} times what a hit costs, in microseconds from the
 * first line of main.
 */
public final class WarmStart {
    private static final int KERNELS = 200;

    private WarmStart() {
    }

    public static void main(String[] arguments) throws IOException {
        long start = System.nanoTime();
        Path folder = Path.of(arguments[1]);
        var request = new KeyBuilder("kr");
        request.component("options").field("threads", 2).field("max_autotune", false).text("fp32");
        try (var home = CacheHome.open(new CacheSettings(folder.resolve("cache"), CacheMode.WRITE))) {
            if (arguments[0].equals("fill")) {
                fill(home, folder, request.key());
            } else {
                read(home, folder, request.key(), start);
            }
        }
    }

    private static void fill(CacheHome home, Path folder, CacheKey request) throws IOException {
        Path model = Files.write(folder.resolve("model.onnx"), Samples.content(1, 90 << 20));
        Blob code = home.blobs().put(Samples.content(2, 400 << 10));
        Blob runtime = home.blobs().put(Samples.content(3, 40 << 10));
        Blob weights = home.blobs().put(Samples.content(4, 90 << 20));
        var graph = Samples.graph(1, code, runtime, weights, KERNELS);
        home.artifacts().put(graph, Samples.components(1));
        home.sources().remember(model, List.of(), request, graph.key());
    }

    private static void read(CacheHome home, Path folder, CacheKey request, long start) throws IOException {
        long opened = System.nanoTime();
        CacheKey key = home.sources().find(folder.resolve("model.onnx"), request).orElseThrow();
        long found = System.nanoTime();
        var hit = (CacheLookup.Hit) home.artifacts().lookup(key);
        long done = System.nanoTime();
        System.out.printf("open %d source %d lookup %d total %d us, record %d bytes, %s%n",
                (opened - start) / 1000, (found - opened) / 1000, (done - found) / 1000,
                (done - start) / 1000, hit.entryBytes(), home.metrics().snapshot());
    }
}
