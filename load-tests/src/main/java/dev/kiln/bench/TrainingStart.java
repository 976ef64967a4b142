package dev.kiln.bench;

import dev.kiln.ops.KilnException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * How soon a GPT trains in a fresh process: once with an empty cache, then with a warm one. To be run with the launcher's
 * arguments, {@code java @.kiln/java.args dev.kiln.bench.TrainingStart [runs]}.
 */
public final class TrainingStart {
    private static final String THREADS = "2";
    private static final int RUNS = 7;

    /** What a process tells, by its name there and for people. */
    private enum Part {
        ready_ms("forward and backward ready"), optimizer_ready_ms("AdamW ready (in the background)"),
        forward_ms("first forward, with getting ready"), backward_ms("first backward"), optimizer_ms("first AdamW"),
        first_ms("first step"), step_ms("a later step"), added_ms("first step, without a later one's time"),
        page_ms("touching 1 MB of new memory");

        private final String text;

        Part(String text) {
            this.text = text;
        }
    }

    private TrainingStart() {
    }

    /** @param arguments how many warm starts are counted, if not {@value #RUNS} */
    public static void main(String[] arguments) {
        int runs = arguments.length > 0 ? Integer.parseInt(arguments[0]) : RUNS;
        try (WorkFolder work = WorkFolder.create()) {
            Map<String, Object> cold = start(work.path());
            Map<Part, Latencies> warm = new LinkedHashMap<>();
            for (int i = 0; i < runs; i++) {
                Map<String, Object> one = start(work.path());
                if (!Boolean.TRUE.equals(one.get("hit"))) {
                    throw new KilnException("a start with a warm cache compiled something: " + one);
                }
                for (Part part : Part.values()) {
                    warm.computeIfAbsent(part, p -> new Latencies()).addMillis(Json.number(one, part.name()));
                }
            }
            report(cold, warm, runs);
        }
    }

    private static void report(Map<String, Object> cold, Map<Part, Latencies> warm, int runs) {
        System.out.printf(Locale.ROOT, "%-40s %10s %10s %10s   of %d%n", "milliseconds", "cold", "warm", "least", runs);
        Map<String, Object> json = new LinkedHashMap<>();
        warm.forEach((part, times) -> {
            double first = Json.number(cold, part.name());
            System.out.printf(Locale.ROOT, "%-40s %10.1f %10.1f %10.1f%n", part.text, first, times.medianMillis(),
                times.minMillis());
            json.put(part.name(), times.medianMillis());
        });
        System.out.println(Json.write(json));
    }

    private static Map<String, Object> start(Path cache) {
        return ChildJvm.answer(ChildJvm.start(FirstStep.class.getName(), Map.of(), List.of(cache.toString(), THREADS)),
            "the process that trains");
    }
}
