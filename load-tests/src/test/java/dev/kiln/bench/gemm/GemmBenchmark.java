package dev.kiln.bench.gemm;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kiln.bench.ModelRows;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.CompileOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Matrix products with constant weights: Kiln against libtorch and oneDNN, in turn, in one process. */
@Command(name = "gemm-benchmark", description = "Matrix products against libtorch and oneDNN.",
        mixinStandardHelpOptions = true)
public final class GemmBenchmark implements Callable<Integer> {
    private static final int MODEL_THREADS = 2;
    private static final int MODEL_RUNS = 40;
    private static final int CALLS_UNTIL_COMPILED = 60_000;

    @Option(names = "--threads", defaultValue = "1", description = "Threads (default ${DEFAULT-VALUE}).")
    private int threads;

    @Option(names = "--turns", defaultValue = "15", description = "Turns (default ${DEFAULT-VALUE}).")
    private int turns;

    @Option(names = "--only", description = "Rows or groups whose name contains a match of this pattern.")
    private Pattern only = Pattern.compile("");

    @Option(names = "--cache-dir", description = "Kiln's cache (default: a new one, which is removed).")
    private Path cacheDir;

    @Option(names = "--prepare", description = "Compile only, into --cache-dir.")
    private boolean prepare;

    @Option(names = "--max-autotune", description = "Measure many candidates of each kernel.")
    private boolean maxAutotune;

    @Option(names = "--json", description = "End with one JSON object.")
    private boolean json;

    public static void main(String[] args) {
        System.exit(new CommandLine(new GemmBenchmark()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        Peaks peaks = Peaks.measure();
        GemmReport report = new GemmReport(System.out);
        report.machine(peaks, threads);
        List<GemmReport.Row> rows = new ArrayList<>();
        if (!prepare) {
            models(report, rows);
        }
        TorchEngine.threads(threads);
        Path directory = cacheDir == null ? Files.createTempDirectory("kiln-gemm-") : cacheDir;
        CompileOptions options = CompileOptions.defaults().withThreads(threads);
        try (KilnBench kiln = new KilnBench(maxAutotune ? options.withMaxAutotune(true) : options, directory)) {
            warmUp(kiln);
            for (Problem problem : Problems.all()) {
                if (only.matcher(problem.group() + " " + problem.name()).find()) {
                    measure(kiln, peaks, problem, report, rows);
                }
            }
        } finally {
            if (cacheDir == null) {
                removeAll(directory);
            }
        }
        report.summary(rows);
        if (json) {
            Map<String, Object> object = new LinkedHashMap<>(report.machineFacts(peaks, threads));
            object.put("rows", rows);
            System.out.println(new ObjectMapper().writeValueAsString(object));
        }
        return 0;
    }

    private static void warmUp(KilnBench kiln) {
        Problem small = Problems.small();
        KilnEngine engine = new KilnEngine(kiln, small, small.draw());
        Race.warmUp(engine, CALLS_UNTIL_COMPILED);
        engine.close();
    }

    private void measure(KilnBench kiln, Peaks peaks, Problem problem, GemmReport report, List<GemmReport.Row> rows) {
        Problem.Data data = problem.draw();
        List<Engine> engines = new ArrayList<>();
        try {
            KilnEngine own = new KilnEngine(kiln, problem, data);
            engines.add(own);
            if (prepare) {
                return;
            }
            problem.peers().forEach(peer -> engines.add(engine(kiln, problem, peer, data)));
            double[] millis = new Race(turns, threads).run(engines);
            int best = 1;
            for (int i = 2; i < millis.length; i++) {
                best = millis[i] < millis[best] ? i : best;
            }
            double difference = problem.peers().get(best - 1).comparable()
                ? difference(own.result(), engines.get(best).result()) : Double.NaN;
            GemmReport.Row row = new GemmReport.Row(problem.group(), problem.name(), millis[0],
                engines.get(best).label(), millis[best], millis[best] / millis[0], problem.reach(),
                peaks.floorMillis(problem), own.kernel(), difference);
            rows.add(row);
            report.row(row);
        } catch (RuntimeException e) {
            report.failed(problem.name(), e);
        } finally {
            engines.forEach(Engine::close);
        }
    }

    /**
     * Whole models, each engine in a process of its own that takes the cache of the environment. Before libtorch is loaded:
     * its OpenMP binds this thread to a processor, and processes started from it would inherit that.
     */
    private void models(GemmReport report, List<GemmReport.Row> rows) {
        for (String name : ModelRows.names()) {
            if (only.matcher("minilm " + name).find()) {
                try {
                    ModelRows.Row r = ModelRows.measure(name, MODEL_THREADS, MODEL_RUNS);
                    GemmReport.Row row = new GemmReport.Row("minilm", name + ", " + MODEL_THREADS + " threads", r.kiln(),
                        "ONNX Runtime", r.peer(), r.ratio(), r.reach(), Double.NaN, String.format(Locale.ROOT,
                        "cosine %.6f", r.cosine()), Double.NaN);
                    rows.add(row);
                    report.row(row);
                } catch (RuntimeException e) {
                    report.failed(name, e);
                }
            }
        }
    }

    private static Engine engine(KilnBench kiln, Problem problem, Problem.Peer peer, Problem.Data data) {
        return switch (peer) {
            case Problem.Peer.Torch torch -> new TorchEngine(problem, torch, data);
            case Problem.Peer.Kiln(Problem other) -> new OtherKiln(other.name(), new KilnEngine(kiln, other, other.draw()));
        };
    }

    /** Kiln on another problem, by its name. */
    private record OtherKiln(String label, KilnEngine engine) implements Engine {
        @Override
        public void run(int calls) {
            engine.run(calls);
        }

        @Override
        public void settle() {
            engine.settle();
        }

        @Override
        public ConstantValue result() {
            return engine.result();
        }

        @Override
        public void close() {
            engine.close();
        }
    }

    /** The largest difference relative to the largest value. */
    private static double difference(ConstantValue actual, ConstantValue expected) {
        if (!actual.sizes().equals(expected.sizes())) {
            throw new IllegalStateException("Kiln gives " + actual.sizes() + ", the peer " + expected.sizes());
        }
        double worst = 0;
        double largest = 1e-30;
        for (long i = 0; i < expected.numel(); i++) {
            worst = Math.max(worst, Math.abs(value(expected, i) - value(actual, i)));
            largest = Math.max(largest, Math.abs(value(expected, i)));
        }
        return worst / largest;
    }

    private static double value(ConstantValue tensor, long index) {
        return tensor.dtype().isFloating() ? tensor.doubleAt(index) : tensor.longAt(index);
    }

    private static void removeAll(Path directory) throws java.io.IOException {
        try (var files = Files.walk(directory)) {
            for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
