package dev.kiln.bench;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.KilnException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Times engines on one model and the same inputs. All are loaded first; then they take turns, round by round,
 * while the others wait for input. Each turn starts with runs that are not counted.
 */
final class Duel {
    private static final int UNCOUNTED = 2;
    /** Lets worker threads that spin after their last run go to sleep. */
    private static final long PAUSE_MILLIS = 100;

    private final Plan plan;
    private final Path work;

    /**
     * What to time.
     *
     * @param warmup runs before the first round
     * @param runs counted runs of each engine, over all rounds
     * @param seed of the inputs
     * @param options of Kiln's command line, for Kiln alone
     */
    record Plan(Path model, Map<String, long[]> shapes, List<String> engines, int threads, int warmup,
            int runs, int rounds, long seed, List<String> options) {
    }

    /**
     * What came out, by engine.
     *
     * @param maxAbsError largest difference of any output between the first engine and the second
     */
    record Result(Map<String, Latencies> latencies, Map<String, Map<String, Object>> facts,
            OptionalDouble maxAbsError) {
    }

    Duel(Plan plan, Path work) {
        this.plan = plan;
        this.work = work;
    }

    Result run() {
        List<EngineProcess> engines = new ArrayList<>();
        try {
            for (String name : plan.engines()) {
                engines.add(EngineProcess.start(name, plan.model(), plan.threads(), plan.options()));
            }
            handInputs(engines);
            OptionalDouble error = compare(engines);
            return new Result(time(engines), facts(engines), error);
        } finally {
            engines.forEach(EngineProcess::close);
        }
    }

    /** The first engine makes the inputs, the others take them. */
    private void handInputs(List<EngineProcess> engines) {
        List<Object> make = new ArrayList<>(List.of("make", plan.seed()));
        plan.shapes().forEach((name, shape) -> make.add(new ShapeOption(name, shape)));
        EngineProcess first = engines.getFirst();
        first.ask(make.toArray());
        first.ask("give", inputs());
        engines.stream().skip(1).forEach(engine -> engine.ask("take", inputs()));
    }

    private Path inputs() {
        return work.resolve("inputs");
    }

    private OptionalDouble compare(List<EngineProcess> engines) {
        List<Map<String, Tensor>> outputs = new ArrayList<>();
        for (EngineProcess engine : engines) {
            Path folder = work.resolve("outputs-" + engine.engine());
            engine.ask("outputs", folder);
            outputs.add(new TensorFolder(folder).read());
        }
        return outputs.size() < 2 ? OptionalDouble.empty()
                : OptionalDouble.of(maxAbsError(outputs.get(0), outputs.get(1)));
    }

    /** Largest absolute difference over all outputs; infinite when only one side has NaN somewhere. */
    static double maxAbsError(Map<String, Tensor> left, Map<String, Tensor> right) {
        if (!left.keySet().equals(right.keySet())) {
            throw new KilnException("the engines' outputs differ in name: " + left.keySet() + " and "
                    + right.keySet());
        }
        double worst = 0;
        for (String name : left.keySet()) {
            double[] a = left.get(name).toDoubleArray();
            double[] b = right.get(name).toDoubleArray();
            if (a.length != b.length) {
                throw new KilnException("output '" + name + "' is " + left.get(name) + " and "
                        + right.get(name));
            }
            for (int i = 0; i < a.length; i++) {
                worst = Math.max(worst, difference(a[i], b[i]));
            }
        }
        return worst;
    }

    private static double difference(double a, double b) {
        if (a == b || Double.isNaN(a) && Double.isNaN(b)) {
            return 0;
        }
        double difference = Math.abs(a - b);
        return Double.isNaN(difference) ? Double.POSITIVE_INFINITY : difference;
    }

    private Map<String, Latencies> time(List<EngineProcess> engines) {
        Map<String, Latencies> latencies = new LinkedHashMap<>();
        for (EngineProcess engine : engines) {
            engine.ask("time", plan.warmup());
            latencies.put(engine.engine(), new Latencies());
        }
        for (int round = 0; round < plan.rounds(); round++) {
            int runs = plan.runs() * (round + 1) / plan.rounds() - plan.runs() * round / plan.rounds();
            for (EngineProcess engine : engines) {
                pause();
                engine.ask("time", UNCOUNTED);
                engine.time(runs, latencies.get(engine.engine()));
            }
        }
        return latencies;
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KilnException("interrupted", e);
        }
    }

    private static Map<String, Map<String, Object>> facts(List<EngineProcess> engines) {
        Map<String, Map<String, Object>> facts = new LinkedHashMap<>();
        engines.forEach(engine -> facts.put(engine.engine(), engine.facts()));
        return facts;
    }
}
