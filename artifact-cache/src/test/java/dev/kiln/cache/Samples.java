package dev.kiln.cache;

import dev.kiln.cache.CompiledGraph.Code;
import dev.kiln.cache.CompiledGraph.ConstantSpec;
import dev.kiln.cache.CompiledGraph.CudagraphInfo;
import dev.kiln.cache.CompiledGraph.History;
import dev.kiln.cache.CompiledGraph.KernelInfo;
import dev.kiln.cache.CompiledGraph.Signature;
import dev.kiln.cache.CompiledGraph.SymbolSpec;
import dev.kiln.cache.CompiledGraph.TensorSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Entries for tests: the same seed gives the same entry. */
public final class Samples {
    private Samples() {
    }

    public static KeyComponents components(int seed) {
        var keys = new KeyBuilder("kg");
        keys.component("graph").text("graph " + seed);
        keys.component("options").field("max_autotune", true).field("threads", 2);
        keys.component("compiler").text("clang 20");
        return keys.components();
    }

    public static CacheKey key(int seed) {
        return components(seed).key();
    }

    public static byte[] content(int seed, int bytes) {
        byte[] content = new byte[bytes];
        new Random(seed).nextBytes(content);
        return content;
    }

    /** Puts the blobs of a graph and returns the graph, not yet stored. */
    public static CompiledGraph graph(BlobStore blobs, int seed, int codeBytes, int weightBytes) {
        try {
            return graph(seed, blobs.put(content(seed, codeBytes)), blobs.put(content(1, 3000)),
                    blobs.put(content(seed + 1000, weightBytes)), 12);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A graph of {@code kernels} kernels and twice as many constants. */
    public static CompiledGraph graph(int seed, Blob object, Blob runtime, Blob weights, int kernels) {
        var infos = new ArrayList<KernelInfo>();
        var decisions = new ArrayList<String>();
        for (int i = 0; i < kernels; i++) {
            infos.add(new KernelInfo("kernel_" + i, List.of("add_" + i, "gelu_" + i, "linear_" + i),
                    "pointwise"));
            decisions.add("fuse: kernel_" + i + " takes add_" + i + " and gelu_" + i);
        }
        var constants = new ArrayList<ConstantSpec>();
        long each = weights.bytes() / (2L * kernels);
        for (int i = 0; i < 2 * kernels; i++) {
            constants.add(new ConstantSpec(weights, i * each, each));
        }
        return new CompiledGraph(key(seed),
                new Code(object, runtime, new Blob("0".repeat(64), 17), "x86-64-v4+amx",
                        List.of("avx512f", "amx-bf16")),
                new Signature(List.of(new SymbolSpec("s0", 0, 1, 2, 512, 128)),
                        List.of(new TensorSpec("input_ids", "i64", List.of("1", "s0"), List.of("s0", "1"))),
                        List.of(new TensorSpec("out", "f32", List.of("1", "384"), List.of("384", "1"))),
                        List.of("s0 >= 2", "s0 <= 512")),
                constants, List.of("sgemm"), infos,
                new CudagraphInfo(List.of("cpu device"), List.of(), List.of(0)),
                new History(decisions, Map.of("kernels", (long) kernels),
                        Map.of("codegen", 12.5, "trace", 3.25), 1_500_000_000L));
    }
}
