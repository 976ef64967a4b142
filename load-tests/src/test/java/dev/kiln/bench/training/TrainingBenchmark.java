package dev.kiln.bench.training;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.ops.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.global.torch;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A training step of a small GPT: Kiln against libtorch's eager mode, in f32 and in mixed precision, in turn. */
@Command(name = "training-benchmark", description = "Training steps against libtorch.", mixinStandardHelpOptions = true)
public final class TrainingBenchmark implements Callable<Integer> {
    private static final double LEARNING_RATE = 1e-3;
    private static final int WARM_UP = 8;
    private static final long PAUSE_MILLIS = 50;

    @Option(names = "--threads", defaultValue = "2", description = "Threads (default ${DEFAULT-VALUE}).")
    private int threads;

    @Option(names = "--turns", defaultValue = "15", description = "Turns that count (default ${DEFAULT-VALUE}).")
    private int turns;

    @Option(names = "--cache-dir", required = true, description = "Kiln's cache.")
    private Path cacheDir;

    @Option(names = "--json", description = "End with one JSON object.")
    private boolean json;

    /** Something that trains, and the times of its steps. */
    private record Entrant(String name, BiFunction<long[], long[], StepMillis> step, List<StepMillis> times) {
        Entrant(String name, BiFunction<long[], long[], StepMillis> step) {
            this(name, step, new ArrayList<>());
        }

        StepMillis median() {
            return times.stream().sorted(Comparator.comparingDouble(StepMillis::all)).skip(times.size() / 2).findFirst()
                .orElseThrow();
        }
    }

    public static void main(String[] args) {
        System.exit(new CommandLine(new TrainingBenchmark()).execute(args));
    }

    @Override
    public Integer call() throws Exception {
        torch.set_num_threads(threads);
        GptShape shape = GptShape.SMALL;
        FunctionOptions options = FunctionOptions.defaults().withThreads(threads);
        try (Kiln kiln = Kiln.open(KilnConfig.of(new CacheSettings(cacheDir, CacheMode.WRITE)));
                KilnGpt full = new KilnGpt(kiln, shape, options, LEARNING_RATE);
                KilnGpt mixed = new KilnGpt(kiln, shape, options.withAutocast(DType.BF16), LEARNING_RATE);
                TorchGpt torchFull = new TorchGpt(shape, false, LEARNING_RATE);
                TorchGpt torchMixed = new TorchGpt(shape, true, LEARNING_RATE)) {
            List<Entrant> entrants = List.of(new Entrant("Kiln f32", full::step), new Entrant("libtorch f32", torchFull::step),
                new Entrant("Kiln bf16 autocast", mixed::step), new Entrant("libtorch bf16 autocast", torchMixed::step));
            race(entrants, shape);
            report(entrants, shape, torchFull.weights());
            System.out.printf(Locale.ROOT, "losses after the same steps from other first weights: %.3f, %.3f, %.3f, %.3f%n",
                full.loss(), torchFull.loss(), mixed.loss(), torchMixed.loss());
            return 0;
        }
    }

    private void race(List<Entrant> entrants, GptShape shape) throws InterruptedException {
        SplittableRandom random = new SplittableRandom(1);
        for (int turn = -WARM_UP; turn < turns; turn++) {
            long[] tokens = random.longs(shape.tokens(), 0, shape.vocabulary()).toArray();
            long[] targets = random.longs(shape.tokens(), 0, shape.vocabulary()).toArray();
            for (Entrant entrant : entrants) {
                Thread.sleep(PAUSE_MILLIS);
                StepMillis millis = entrant.step().apply(tokens, targets);
                if (turn >= 0) {
                    entrant.times().add(millis);
                }
            }
        }
    }

    private void report(List<Entrant> entrants, GptShape shape, long weights) throws Exception {
        System.out.printf(Locale.ROOT, "GPT of %d layers, width %d, %d heads, batch %d x %d, %,d weights, %d threads; medians of "
            + "%d steps%n%-24s %9s %9s %9s %9s %9s%n", shape.layers(), shape.width(), shape.heads(), shape.batch(),
            shape.sequence(), weights, threads, turns, "milliseconds", "step", "forward", "backward", "AdamW", "GFLOP/s");
        Map<String, Object> result = new LinkedHashMap<>();
        for (Entrant entrant : entrants) {
            StepMillis median = entrant.median();
            System.out.printf(Locale.ROOT, "%-24s %9.1f %9.1f %9.1f %9.1f %9.0f%n", entrant.name(), median.all(),
                median.forward(), median.backward(), median.optimizer(), shape.flops() / median.all() / 1e6);
            result.put(entrant.name(), median);
        }
        ratio("f32 against libtorch f32", entrants.get(1), entrants.get(0));
        ratio("bf16 against libtorch f32", entrants.get(1), entrants.get(2));
        ratio("bf16 against libtorch bf16", entrants.get(3), entrants.get(2));
        if (json) {
            System.out.println(new ObjectMapper().writeValueAsString(result));
        }
    }

    private static void ratio(String what, Entrant peer, Entrant own) {
        System.out.printf(Locale.ROOT, "%-28s %.2fx%n", what, peer.median().all() / own.median().all());
    }
}
