package dev.kiln.bench;

import dev.kiln.cli.Main;
import dev.kiln.kernels.runtime.Npy;
import dev.kiln.kernels.runtime.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the launcher runs while the JVM records its AOT cache: the demo, then the verbs that must start fast,
 * on the demo's model, a few times. Classes that are loaded here, and code that is hot here, cost later
 * starts nothing.
 */
final class AotTraining {
    private static final int STARTS = 20;
    private static final int TRAININGS = 10;
    private static final int ROWS = 2;
    private static final int COLUMNS = 8;

    private AotTraining() {
    }

    public static void main(String[] arguments) throws IOException {
        try (WorkFolder work = WorkFolder.create()) {
            String cache = work.path().resolve("cache").toString();
            verb("demo", "--cache-dir", cache);
            String model = demoModel(Path.of(cache));
            for (int i = 0; i < STARTS; i++) {
                verb("compile", model, "--cache-dir", cache, "--json");
                verb(run(work.path(), model, cache, i % 2 == 0));
            }
            for (int i = 0; i < TRAININGS; i++) {
                FirstStep.measure(Path.of(cache), 2, 1);
            }
            verb("--help");
            refused("run", model, "--no-such-option");
        }
    }

    private static String demoModel(Path cache) throws IOException {
        try (Stream<Path> files = Files.walk(cache.resolve("demo"))) {
            return files.filter(file -> file.toString().endsWith(".onnx")).findFirst().orElseThrow()
                    .toString();
        }
    }

    private static String[] run(Path work, String model, String cache, boolean json) {
        List<String> run = new ArrayList<>(List.of("run", model, "--cache-dir", cache, "--output-dir",
                work.resolve("outputs").toString()));
        for (String name : List.of("input_ids", "attention_mask", "token_type_ids")) {
            Path file = work.resolve(name + ".npy");
            Npy.write(file, Tensor.ofLongs(new long[ROWS * COLUMNS], ROWS, COLUMNS));
            run.addAll(List.of("--input", name + "=" + file));
        }
        if (json) {
            run.add("--json");
        }
        return run.toArray(String[]::new);
    }

    private static void verb(String... arguments) {
        expect(0, arguments);
    }

    /** A mistake, because picocli can be recorded only if its exceptions have been linked. */
    private static void refused(String... arguments) {
        expect(2, arguments);
    }

    private static void expect(int expected, String... arguments) {
        int code = Main.execute(System.out, System.err, arguments);
        if (code != expected) {
            throw new IllegalStateException("kiln " + String.join(" ", arguments) + " ended with exit code "
                    + code);
        }
    }
}
