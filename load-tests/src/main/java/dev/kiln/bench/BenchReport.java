package dev.kiln.bench;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** Results as a table for people, and as an object for programs. Times are milliseconds. */
final class BenchReport {
    private static final String LINE = "%-22s %9s %9s %9s %9s%n";

    private BenchReport() {
    }

    static String text(Duel.Plan plan, Duel.Result result) {
        var text = new StringBuilder(title(plan) + ", " + plan.runs() + " runs each in " + plan.rounds()
                + " turns\n\n");
        text.append(String.format(LINE, "ms", "min", "median", "p90", "load"));
        result.latencies().forEach((engine, times) -> text.append(
                row(engine + note(result.facts().get(engine)), times, millis(load(result, engine)))));
        peer(plan).ifPresent(peer -> text.append(String.format(Locale.ROOT,
                "%n%s / kiln = %.2f (medians); largest difference of an output %.2e%n",
                peer, ratio(result, peer), result.maxAbsError().orElseThrow())));
        return text.toString();
    }

    static Map<String, Object> json(Duel.Plan plan, Duel.Result result) {
        Map<String, Object> object = settings(plan);
        object.put("kiln_ms", median(result, KilnEngine.NAME));
        peer(plan).ifPresent(peer -> {
            object.put("peer", peer);
            object.put("peer_ms", median(result, peer));
            object.put("ratio", ratio(result, peer));
            object.put("max_abs_err", result.maxAbsError().orElseThrow());
        });
        Map<String, Object> engines = new LinkedHashMap<>();
        result.latencies().forEach((engine, times) -> {
            Map<String, Object> details = times(times);
            details.putAll(result.facts().get(engine));
            engines.put(engine, details);
        });
        object.put("engines", engines);
        return object;
    }

    static String text(Duel.Plan plan, ColdStart.Result result) {
        var text = new StringBuilder(title(plan) + ", " + plan.runs() + " fresh processes of each\n\n");
        text.append(String.format(LINE, "ms", "min", "median", "p90", "").stripTrailing()).append('\n');
        text.append(row("kiln, empty cache", result.cold(), ""));
        text.append(row("kiln, warm cache", result.warm(), ""));
        text.append(row("kiln run, whole process", result.warmProcess(), ""));
        peer(plan).ifPresent(peer -> text.append(row(peer + " session", result.peer(), "")));
        return text.toString();
    }

    static Map<String, Object> json(Duel.Plan plan, ColdStart.Result result) {
        Map<String, Object> object = settings(plan);
        object.put("kiln_cold_ms", result.cold().medianMillis());
        object.put("kiln_warm_ms", result.warm().medianMillis());
        object.put("kiln_process_ms", result.warmProcess().medianMillis());
        peer(plan).ifPresent(peer -> {
            object.put("peer", peer);
            object.put("peer_ms", result.peer().medianMillis());
            object.put("ratio", result.peer().medianMillis() / result.warm().medianMillis());
        });
        return object;
    }

    private static String title(Duel.Plan plan) {
        String shapes = plan.shapes().entrySet().stream()
                .map(e -> new ShapeOption(e.getKey(), e.getValue()).toString())
                .collect(Collectors.joining(" "));
        return plan.model().getFileName() + (shapes.isEmpty() ? "" : " " + shapes) + ", " + plan.threads()
                + (plan.threads() == 1 ? " thread" : " threads");
    }

    private static String note(Map<String, Object> facts) {
        Object note = facts.getOrDefault("version", facts.get("cache"));
        return note == null ? "" : " (" + note + ")";
    }

    private static String row(String name, Latencies times, String last) {
        return String.format(LINE, name, millis(times.minMillis()), millis(times.medianMillis()),
                millis(times.percentileMillis(90)), last).replaceAll(" +(\\R)$", "$1");
    }

    private static Map<String, Object> settings(Duel.Plan plan) {
        Map<String, Object> object = new LinkedHashMap<>();
        object.put("model", plan.model().getFileName().toString());
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        plan.shapes().forEach((name, shape) -> shapes.put(name,
                Arrays.stream(shape).boxed().toList()));
        object.put("shapes", shapes);
        object.put("threads", plan.threads());
        object.put("runs", plan.runs());
        return object;
    }

    private static Map<String, Object> times(Latencies times) {
        Map<String, Object> details = new LinkedHashMap<>();
        details.put("min_ms", times.minMillis());
        details.put("median_ms", times.medianMillis());
        details.put("p90_ms", times.percentileMillis(90));
        details.put("p99_ms", times.percentileMillis(99));
        return details;
    }

    private static Optional<String> peer(Duel.Plan plan) {
        return plan.engines().stream().filter(engine -> !engine.equals(KilnEngine.NAME)).findFirst();
    }

    private static double median(Duel.Result result, String engine) {
        return result.latencies().get(engine).medianMillis();
    }

    private static double ratio(Duel.Result result, String peer) {
        return median(result, peer) / median(result, KilnEngine.NAME);
    }

    private static double load(Duel.Result result, String engine) {
        return Json.number(result.facts().get(engine), "load_ms");
    }

    private static String millis(double millis) {
        return String.format(Locale.ROOT, millis < 100 ? "%.3f" : "%.1f", millis);
    }
}
