package dev.kiln.bench;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * all-MiniLM-L6-v2 on 8 sentences of 128 tokens against ONNX Runtime, each engine in a process of its own: in f32, with
 * Kiln's linears in bf16 against ONNX Runtime's f32, and the model with dynamically quantised linears.
 */
public final class ModelRows {
    private static final String FLOATS = "/all-minilm-l6-v2.onnx";
    private static final String BYTES = "/all-minilm-l6-v2-q.onnx";
    private static final int WARM_UP = 10;
    private static final int ROUNDS = 5;

    private ModelRows() {
    }

    /**
     * One comparison; times are medians in milliseconds.
     *
     * @param cosine of Kiln's output and ONNX Runtime's f32 output
     */
    public record Row(String name, double kiln, double peer, double reach, double cosine) {
        public double ratio() {
            return peer / kiln;
        }
    }

    /** What is compared, by the name of the row. */
    private record Spec(String name, String resource, List<String> options, double reach) {
    }

    private static final List<Spec> SPECS = List.of(
        new Spec("MiniLM f32 8x128", FLOATS, List.of(), 1.5),
        new Spec("MiniLM bf16 8x128", FLOATS, List.of("--precision", "bf16"), 4),
        new Spec("MiniLM int8 8x128", BYTES, List.of(), 1.5));

    public static List<String> names() {
        return SPECS.stream().map(Spec::name).toList();
    }

    /** @param runs counted runs of each engine */
    public static Row measure(String name, int threads, int runs) {
        Spec spec = SPECS.stream().filter(s -> s.name().equals(name)).findFirst().orElseThrow();
        try (WorkFolder work = WorkFolder.create()) {
            Path model = copy(spec.resource(), work.path());
            Duel.Result result = new Duel(plan(model, threads, runs, spec.options(), List.of(KilnEngine.NAME,
                OnnxRuntimeEngine.NAME)), work.path()).run();
            Map<String, Tensor> kiln = outputs(work.path(), KilnEngine.NAME);
            Map<String, Tensor> exact = spec.resource().equals(FLOATS) ? outputs(work.path(), OnnxRuntimeEngine.NAME)
                : exact(work.path(), threads);
            return new Row(name, median(result, KilnEngine.NAME), median(result, OnnxRuntimeEngine.NAME), spec.reach(),
                cosine(kiln.values().iterator().next(), exact.values().iterator().next()));
        }
    }

    private static Duel.Plan plan(Path model, int threads, int runs, List<String> options, List<String> engines) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        List.of("input_ids", "attention_mask", "token_type_ids").forEach(i -> shapes.put(i, new long[] {8, 128}));
        return new Duel.Plan(model, shapes, engines, threads, WARM_UP, runs, ROUNDS, 0, options);
    }

    /** ONNX Runtime's outputs of the f32 model on the same inputs. */
    private static Map<String, Tensor> exact(Path folder, int threads) {
        Path model = copy(FLOATS, folder);
        new Duel(plan(model, threads, ROUNDS, List.of(), List.of(OnnxRuntimeEngine.NAME)), folder).run();
        return outputs(folder, OnnxRuntimeEngine.NAME);
    }

    private static Map<String, Tensor> outputs(Path folder, String engine) {
        return new TensorFolder(folder.resolve("outputs-" + engine)).read();
    }

    private static double median(Duel.Result result, String engine) {
        return result.latencies().get(engine).medianMillis();
    }

    static double cosine(Tensor left, Tensor right) {
        double[] a = left.toDoubleArray();
        double[] b = right.toDoubleArray();
        if (a.length != b.length) {
            throw new KilnException("outputs of " + a.length + " and " + b.length + " numbers");
        }
        double product = 0;
        double lengths = 0;
        double others = 0;
        for (int i = 0; i < a.length; i++) {
            product += a[i] * b[i];
            lengths += a[i] * a[i];
            others += b[i] * b[i];
        }
        return product / Math.sqrt(lengths * others);
    }

    private static Path copy(String resource, Path folder) {
        try (InputStream in = ModelRows.class.getResourceAsStream(resource)) {
            if (in == null) {
                throw new KilnException("no " + resource + " on the class path");
            }
            Path file = folder.resolve(resource.substring(1));
            Files.copy(in, file);
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
