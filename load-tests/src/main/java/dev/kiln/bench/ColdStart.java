package dev.kiln.bench;

import dev.kiln.ops.KilnException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How long it takes until a model can run, in fresh processes: a compile with an empty cache, a start with a
 * warm one (both through the command line itself), and the peer's load of the same file. One of each in turn.
 */
final class ColdStart {
    private final Duel.Plan plan;
    private final Path work;

    /**
     * Medians are over the processes.
     *
     * @param cold whole compile, the cache empty
     * @param warm {@code load_ms} of {@code kiln run}, the cache warm
     * @param warmProcess that run from process start to process end
     * @param peer the peer's load
     */
    record Result(Latencies cold, Latencies warm, Latencies warmProcess, Latencies peer) {
    }

    /** @param plan of which model, shapes, threads, seed and runs count */
    ColdStart(Duel.Plan plan, Path work) {
        this.plan = plan;
        this.work = work;
    }

    Result run() {
        Result result = new Result(new Latencies(), new Latencies(), new Latencies(), new Latencies());
        Path cache = work.resolve("warm-cache");
        makeInputs();
        command(cache, compile());
        for (int i = 0; i < plan.runs(); i++) {
            Path empty = work.resolve("cache-" + i);
            result.cold().addMillis(Json.number(command(empty, compile()), "total_ms"));
            warmRun(cache, result);
            for (String peer : peers()) {
                try (var process = EngineProcess.start(peer, plan.model(), plan.threads(),
                        List.of())) {
                    result.peer().addMillis(Json.number(process.facts(), "load_ms"));
                }
            }
        }
        return result;
    }

    private List<String> peers() {
        return plan.engines().stream().filter(engine -> !engine.equals(KilnEngine.NAME)).toList();
    }

    private void makeInputs() {
        try (var process = EngineProcess.start(KilnEngine.NAME, plan.model(), plan.threads(),
                plan.options())) {
            List<Object> make = new ArrayList<>(List.of("make", plan.seed()));
            plan.shapes().forEach((name, shape) -> make.add(new ShapeOption(name, shape)));
            process.ask(make.toArray());
            process.ask("give", work.resolve("inputs"));
        }
    }

    private List<String> compile() {
        List<String> compile = new ArrayList<>(List.of("compile", plan.model().toString(), "--threads",
                Integer.toString(plan.threads()), "--json"));
        compile.addAll(plan.options());
        return compile;
    }

    private void warmRun(Path cache, Result result) {
        List<String> run = new ArrayList<>(List.of("run", plan.model().toString(), "--threads",
                Integer.toString(plan.threads()), "--json", "--output-dir",
                work.resolve("outputs").toString()));
        run.addAll(plan.options());
        new TensorFolder(work.resolve("inputs")).files()
                .forEach((name, file) -> run.addAll(List.of("--input", name + "=" + file)));
        long start = System.nanoTime();
        Map<String, Object> answer = command(cache, run);
        result.warmProcess().addNanos(System.nanoTime() - start);
        if (!"hit".equals(answer.get("cache"))) {
            throw new KilnException("a start with a warm cache was a miss: " + answer);
        }
        result.warm().addMillis(Json.number(answer, "load_ms"));
    }

    /** Runs the command line in a process; what its last line says. */
    private static Map<String, Object> command(Path cache, List<String> arguments) {
        return command(Map.of("KILN_CACHE_DIR", cache.toString()), arguments);
    }

    /** As above; the environment is added to this process's own. */
    static Map<String, Object> command(Map<String, String> environment, List<String> arguments) {
        return ChildJvm.answer(ChildJvm.start("dev.kiln.cli.Main", environment, arguments),
            "kiln " + String.join(" ", arguments));
    }
}
