package dev.kiln.bench;

import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What autotuning costs: MiniLM compiled by fresh processes of the command line, with many candidates measured from cold,
 * then with a warm tuning cache and without tuning in turn. Every compile has a seed of its own, which is part of an
 * artifact's key but not of a tuning record's: nothing but tuning results is found in a cache.
 */
public final class AutotuneBench {
    private static final String MODEL = "/all-minilm-l6-v2.onnx";
    private static final List<String> HINTS = List.of("input_ids", "attention_mask", "token_type_ids");
    private static final double TUNING_LIMIT_SECONDS = 60;
    private static final double WARM_LIMIT_SECONDS = 0.2;

    private AutotuneBench() {
    }

    /** Arguments: the hint as {@code 8x128}, and how many rounds; both may be left out. */
    public static void main(String[] arguments) throws IOException {
        String hint = arguments.length > 0 ? arguments[0] : "8x128";
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 5;
        try (WorkFolder folder = WorkFolder.create()) {
            new Runs(model(folder.path()), hint, folder.path()).print(rounds);
        }
    }

    private static Path model(Path folder) throws IOException {
        Path file = folder.resolve(MODEL.substring(1));
        try (InputStream in = AutotuneBench.class.getResourceAsStream(MODEL)) {
            if (in == null) {
                throw new KilnException("the class path holds no " + MODEL);
            }
            Files.copy(in, file);
        }
        return file;
    }

    private record Runs(Path model, String hint, Path folder) {
        void print(int rounds) {
            Map<String, Object> likely = compile("likely", 0, List.of());
            Map<String, Object> cold = compile("max", 0, List.of("--max-autotune"));
            System.out.printf(Locale.ROOT, "MiniLM at %s, first compile: %.2f s, of these tuning %.2f s%n", hint,
                seconds(likely), tuning(likely));
            System.out.printf(Locale.ROOT, "the same with --max-autotune: %.2f s, of these tuning %.2f s (at most %.0f)%n",
                seconds(cold), tuning(cold), TUNING_LIMIT_SECONDS);
            Latencies warm = new Latencies();
            Latencies stage = new Latencies();
            Latencies off = new Latencies();
            for (int seed = 1; seed <= rounds; seed++) {
                off.addMillis(1000 * seconds(compile("off", seed, List.of("--no-max-autotune"))));
                Map<String, Object> known = compile("max", seed, List.of("--max-autotune"));
                warm.addMillis(1000 * seconds(known));
                stage.addMillis(1000 * tuning(known));
            }
            double added = (warm.medianMillis() - off.medianMillis()) / 1000;
            System.out.printf(Locale.ROOT, "compile without tuning %.2f s, with known results %.2f s: %+.2f s (at most"
                + " %.1f); the phase itself takes %.3f s%n", off.medianMillis() / 1000, warm.medianMillis() / 1000, added,
                WARM_LIMIT_SECONDS, stage.medianMillis() / 1000);
        }

        private Map<String, Object> compile(String cache, int seed, List<String> options) {
            List<String> command = new ArrayList<>(List.of("compile", model.toString(), "--json"));
            HINTS.forEach(input -> command.addAll(List.of("--hint", input + "=" + hint)));
            command.addAll(options);
            return ColdStart.command(Map.of("KILN_CACHE_DIR", folder.resolve(cache).toString(), "KILN_SEED",
                Integer.toString(seed)), command);
        }

        private static double seconds(Map<String, Object> answer) {
            return Json.number(answer, "total_ms") / 1000;
        }

        private static double tuning(Map<String, Object> answer) {
            return answer.get("stages") instanceof Map<?, ?> stages && stages.get("autotune") instanceof Number millis
                ? millis.doubleValue() / 1000 : 0;
        }
    }
}
