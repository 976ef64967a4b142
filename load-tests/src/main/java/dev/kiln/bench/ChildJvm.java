package dev.kiln.bench;

import dev.kiln.ops.KilnException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Java processes with the flags and the class path of this one. */
final class ChildJvm {
    private ChildJvm() {
    }

    /**
     * Starts a class. Flags go through a file: ONNX Runtime 1.29 crashes in a process whose command line is
     * longer than 4 KB, which a class path soon is.
     *
     * @param environment added to this process's own; standard error is shared with it
     */
    static Process start(String mainClass, Map<String, String> environment, List<String> arguments) {
        try {
            Path flags = Files.createTempFile("kiln-", ".args");
            Files.writeString(flags, flags().stream().map(ChildJvm::quoted)
                    .collect(Collectors.joining("\n")));
            List<String> command = new ArrayList<>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.add("@" + flags);
            command.add(mainClass);
            command.addAll(arguments);
            var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
            builder.environment().putAll(environment);
            Process process = builder.start();
            process.onExit().thenRun(() -> flags.toFile().delete());
            return process;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start a Java process: " + e.getMessage(), e);
        }
    }

    /**
     * Waits for a process to end.
     *
     * @param what it is, for the message
     * @return the JSON object that its last line is
     */
    static Map<String, Object> answer(Process process, String what) {
        try (var lines = process.inputReader()) {
            List<String> output = lines.readAllLines();
            if (process.waitFor() != 0 || output.isEmpty()) {
                throw new KilnException(what + " ended with exit code " + process.waitFor());
            }
            return Json.read(output.getLast());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
            throw new KilnException("interrupted", e);
        }
    }

    private static List<String> flags() {
        List<String> flags = new ArrayList<>();
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> !flag.startsWith("-agentlib") && !flag.startsWith("-javaagent"))
                .forEach(flags::add);
        flags.addAll(List.of("-cp", System.getProperty("java.class.path")));
        return flags;
    }

    /** As a java @file wants it. */
    private static String quoted(String argument) {
        return '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}
