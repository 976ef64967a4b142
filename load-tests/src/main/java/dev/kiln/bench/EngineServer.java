package dev.kiln.bench;

import dev.kiln.kernels.runtime.Tensor;
import dev.kiln.ops.KilnException;
import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The main class of an engine's process: loads the model, then answers one line of standard input with one
 * line of standard output until the input ends. Answers are JSON behind {@link #MARK}; other output is not an
 * answer.
 *
 * <pre>
 * make SEED NAME=8x128 ...  random inputs, used from now on     {}
 * take FOLDER               inputs out of a folder              {}
 * give FOLDER               the inputs into a folder            {}
 * time RUNS                 nanoseconds of each run             {"nanos": [...]}
 * outputs FOLDER            one run's outputs into a folder     {}
 * </pre>
 */
final class EngineServer {
    static final String MARK = "@kiln ";

    private final Engine engine;
    private Map<String, Tensor> inputs = Map.of();

    private EngineServer(Engine engine) {
        this.engine = engine;
    }

    /** @param arguments engine, model, threads, options of Kiln */
    public static void main(String[] arguments) throws IOException {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true,
                StandardCharsets.UTF_8);
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (Engine engine = Engine.open(arguments[0], Path.of(arguments[1]),
                Integer.parseInt(arguments[2]), List.of(arguments).subList(3, arguments.length))) {
            out.println(MARK + Json.write(engine.facts()));
            EngineServer server = new EngineServer(engine);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                out.println(MARK + Json.write(server.answer(List.of(line.split(EngineProcess.SEPARATOR)))));
            }
        } catch (KilnException e) {
            boolean badInput = e instanceof KilnException.BadInput;
            out.println(MARK + Json.write(Map.of("error", e.getMessage(), "bad_input", badInput)));
        }
    }

    private Map<String, Object> answer(List<String> words) {
        switch (words.getFirst()) {
            case "make" -> use(new InputMaker(Long.parseLong(words.get(1)))
                    .make(engine.inputs(), shapes(words.subList(2, words.size()))));
            case "take" -> use(new TensorFolder(Path.of(words.get(1))).read());
            case "give" -> new TensorFolder(Path.of(words.get(1))).write(inputs);
            case "outputs" -> new TensorFolder(Path.of(words.get(1))).write(engine.outputs());
            case "time" -> {
                return Map.of("nanos", time(Integer.parseInt(words.get(1))));
            }
            default -> throw new IllegalArgumentException("unknown command " + words);
        }
        return Map.of();
    }

    private static Map<String, long[]> shapes(List<String> words) {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        words.forEach(word -> ShapeOption.parse(word).addTo(shapes));
        return shapes;
    }

    private void use(Map<String, Tensor> tensors) {
        inputs = tensors;
        engine.prepare(new HashMap<>(tensors));
    }

    private long[] time(int runs) {
        long[] nanos = new long[runs];
        for (int i = 0; i < runs; i++) {
            long start = System.nanoTime();
            engine.run();
            nanos[i] = System.nanoTime() - start;
        }
        return nanos;
    }
}
