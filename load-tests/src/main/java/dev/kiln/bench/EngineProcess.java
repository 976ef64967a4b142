package dev.kiln.bench;

import dev.kiln.ops.KilnException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** An engine in a process of its own, seen from the benchmark; see {@link EngineServer}. */
final class EngineProcess implements AutoCloseable {
    /** Between the words of a command. */
    static final String SEPARATOR = "\t";
    private static final int SECONDS_TO_END = 10;

    private final String engine;
    private final Process process;
    private final PrintWriter to;
    private final BufferedReader from;
    private final Map<String, Object> facts;

    private EngineProcess(String engine, Process process) {
        this.engine = engine;
        this.process = process;
        this.to = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
        this.from = process.inputReader(StandardCharsets.UTF_8);
        this.facts = answer();
    }

    /** Starts the process and waits until the model is loaded. */
    static EngineProcess start(String engine, Path model, int threads, List<String> options) {
        List<String> arguments = new ArrayList<>(List.of(engine, model.toString(), Integer.toString(threads)));
        arguments.addAll(options);
        return new EngineProcess(engine, ChildJvm.start(EngineServer.class.getName(), Map.of(), arguments));
    }

    String engine() {
        return engine;
    }

    /** See {@link Engine#facts()}. */
    Map<String, Object> facts() {
        return facts;
    }

    /** Sends a command and waits for its answer. */
    Map<String, Object> ask(Object... words) {
        to.println(Arrays.stream(words).map(Object::toString).collect(Collectors.joining(SEPARATOR)));
        return answer();
    }

    /** Runs the model and records the time of each run. */
    void time(int runs, Latencies latencies) {
        for (Object nanos : (List<?>) ask("time", runs).get("nanos")) {
            latencies.addNanos(((Number) nanos).longValue());
        }
    }

    private Map<String, Object> answer() {
        try {
            for (String line = from.readLine(); line != null; line = from.readLine()) {
                if (line.startsWith(EngineServer.MARK)) {
                    return checked(Json.read(line.substring(EngineServer.MARK.length())));
                }
            }
            throw new KilnException("the process of " + engine + " ended with exit code "
                    + process.waitFor());
        } catch (IOException e) {
            throw new KilnException("lost the process of " + engine + ": " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KilnException("interrupted", e);
        }
    }

    private static Map<String, Object> checked(Map<String, Object> answer) {
        if (answer.get("error") instanceof String error) {
            throw Boolean.TRUE.equals(answer.get("bad_input")) ? new KilnException.BadInput(error)
                    : new KilnException(error);
        }
        return answer;
    }

    @Override
    public void close() {
        to.close();
        try {
            if (!process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
