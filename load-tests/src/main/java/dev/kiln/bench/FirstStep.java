package dev.kiln.bench;

import dev.kiln.CompiledFunction;
import dev.kiln.FunctionOptions;
import dev.kiln.Kiln;
import dev.kiln.KilnConfig;
import dev.kiln.cache.CacheMode;
import dev.kiln.cache.CacheSettings;
import dev.kiln.demo.train.Gpt;
import dev.kiln.optim.AdamW;
import dev.kiln.pipeline.function.FunctionVariant;
import dev.kiln.tensor.Generator;
import dev.kiln.tensor.Tensor;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SplittableRandom;

/** The first training steps of a GPT in this process; {@link TrainingStart} starts it. */
final class FirstStep {
    private static final Gpt.Settings MODEL = new Gpt.Settings(256, 4, 256, 8, 128, 0);
    private static final int BATCH = 8;
    private static final int MORE_STEPS = 9;
    private static final double NANOS_PER_MILLI = 1e6;

    private FirstStep() {
    }

    /** @param arguments the cache's folder and the number of threads; prints a JSON object */
    public static void main(String[] arguments) {
        System.setProperty("logback.configurationFile", "dev/kiln/cli/logback.xml");
        System.out.println(Json.write(measure(Path.of(arguments[0]), Integer.parseInt(arguments[1]), MORE_STEPS)));
    }

    static Map<String, Object> measure(Path cache, int threads, int moreSteps) {
        FunctionOptions options = FunctionOptions.defaults().withThreads(threads);
        Gpt model = new Gpt(MODEL, new Generator(1));
        Map<String, Object> result = new LinkedHashMap<>();
        long start = System.nanoTime();
        try (Kiln kiln = Kiln.open(KilnConfig.of(new CacheSettings(cache, CacheMode.WRITE)));
                CompiledFunction loss = kiln.compile(model::loss, options);
                AdamW optimizer = new AdamW(kiln, model.parameters(), AdamW.Settings.defaults(), options)) {
            result.put("open_ms", (System.nanoTime() - start) / NANOS_PER_MILLI);
            double first = step(loss, optimizer, result);
            Latencies steps = new Latencies();
            for (int i = 0; i < moreSteps; i++) {
                steps.addMillis(step(loss, optimizer, new LinkedHashMap<>()));
            }
            result.put("ready_ms", loss.variants().getFirst().readyAfter().toNanos() / NANOS_PER_MILLI);
            result.put("optimizer_ready_ms",
                optimizer.compiled().variants().getFirst().readyAfter().toNanos() / NANOS_PER_MILLI);
            result.put("page_ms", newMegabyte());
            result.put("first_ms", first);
            result.put("step_ms", steps.medianMillis());
            result.put("added_ms", first - steps.medianMillis());
            result.put("hit", loss.variants().stream().allMatch(FunctionVariant::cacheHit)
                && optimizer.compiled().variants().stream().allMatch(FunctionVariant::cacheHit));
            return result;
        }
    }

    /** Milliseconds of a step; those of its parts go to the result. */
    private static double step(CompiledFunction loss, AdamW optimizer, Map<String, Object> parts) {
        SplittableRandom random = new SplittableRandom(1);
        Tensor input = tokens(random);
        Tensor target = tokens(random);
        long start = System.nanoTime();
        optimizer.zero_grad();
        Tensor value = loss.call(input, target);
        long forward = System.nanoTime();
        value.backward();
        long backward = System.nanoTime();
        optimizer.step();
        value.item();
        long end = System.nanoTime();
        parts.put("forward_ms", (forward - start) / NANOS_PER_MILLI);
        parts.put("backward_ms", (backward - forward) / NANOS_PER_MILLI);
        parts.put("optimizer_ms", (end - backward) / NANOS_PER_MILLI);
        return (end - start) / NANOS_PER_MILLI;
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

    private static Tensor tokens(SplittableRandom random) {
        return Tensor.of(random.longs((long) BATCH * MODEL.context(), 0, MODEL.vocabulary()).toArray(), BATCH,
            MODEL.context());
    }
}
