package dev.kiln.bench;

import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.bench.training.GptShape;
import dev.kiln.bench.training.GptTraining;
import dev.kiln.bench.training.StepMillis;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.pipeline.function.FunctionVariant;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** The first training steps of a GPT in this process; {@link TrainingStart} starts it. */
final class FirstStep {
    private static final double LEARNING_RATE = 1e-3;
    private static final int MORE_STEPS = 9;
    private static final double NANOS_PER_MILLI = 1e6;

    private FirstStep() {
    }

    /** @param arguments the cache's folder and the number of threads; prints a JSON object */
    public static void main(String[] arguments) {
        System.setProperty("logback.configurationFile", "dev/kiln/cli/logback.xml");
        System.out.println(Json.write(measure(Path.of(arguments[0]), Integer.parseInt(arguments[1]), MORE_STEPS)));
    }

    /** @param moreSteps steps after the first, whose median is told */
    static Map<String, Object> measure(Path cache, int threads, int moreSteps) {
        FunctionOptions options = FunctionOptions.defaults().withThreads(threads);
        try (Kiln kiln = Kiln.open(KilnConfig.of(new CacheSettings(cache, CacheMode.WRITE)));
                GptTraining training = new GptTraining(kiln, GptShape.SMALL, options, LEARNING_RATE)) {
            StepMillis first = step(training);
            Latencies steps = new Latencies();
            for (int i = 0; i < moreSteps; i++) {
                steps.addMillis(step(training).all());
            }
            List<FunctionVariant> loss = training.loss().variants();
            List<FunctionVariant> optimizer = training.optimizer().compiled().variants();
            Map<String, Object> result = new LinkedHashMap<>();
            result.put("ready_ms", millis(loss.getFirst().readyAfter()));
            result.put("optimizer_ready_ms", millis(optimizer.getFirst().readyAfter()));
            result.put("forward_ms", first.forward());
            result.put("backward_ms", first.backward());
            result.put("optimizer_ms", first.optimizer());
            result.put("first_ms", first.all());
            result.put("step_ms", steps.medianMillis());
            result.put("added_ms", first.all() - steps.medianMillis());
            result.put("page_ms", newMegabyte());
            result.put("hit", Stream.concat(loss.stream(), optimizer.stream()).allMatch(FunctionVariant::cacheHit));
            return result;
        }
    }

    private static double millis(Duration duration) {
        return duration.toNanos() / NANOS_PER_MILLI;
    }

    private static StepMillis step(GptTraining training) {
        SplittableRandom random = new SplittableRandom(1);
        return training.step(tokens(random), tokens(random));
    }

    private static long[] tokens(SplittableRandom random) {
        return random.longs(GptShape.SMALL.tokens(), 0, GptShape.SMALL.vocabulary()).toArray();
    }

    /** Milliseconds that a megabyte of memory costs which the process has not had before. */
    private static double newMegabyte() {
        int megabytes = 16;
        try (Arena arena = Arena.ofConfined()) {
            long start = System.nanoTime();
            arena.allocate((long) megabytes << 20);
            return (System.nanoTime() - start) / NANOS_PER_MILLI / megabytes;
        }
    }
}
