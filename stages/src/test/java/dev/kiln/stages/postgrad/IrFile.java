package dev.kiln.stages.postgrad;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A compiler test as a file: {@code // RUN: step, step}, a graph, and after {@code // CHECK} the expected
 * text as comment lines.
 *
 * @param head the graph with the lines before it
 */
record IrFile(Path path, List<String> steps, String head, String expected) {
    private static final String RUN = "// RUN: ";
    private static final String CHECK = "// CHECK\n";

    static IrFile read(Path path) {
        try {
            String text = Files.readString(path);
            String run = text.lines().findFirst().filter(l -> l.startsWith(RUN))
                .orElseThrow(() -> new IllegalArgumentException(path + " must begin with " + RUN));
            int check = text.indexOf(CHECK);
            String head = check < 0 ? text : text.substring(0, check);
            String expected = check < 0 ? "" : text.substring(check + CHECK.length()).lines()
                .map(l -> l.substring(Math.min(l.length(), 3))).collect(Collectors.joining("\n", "", "\n"));
            return new IrFile(path, Arrays.asList(run.substring(RUN.length()).split(", *")), head, expected);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes the file with another expectation. */
    void bless(String actual) {
        String comment = actual.lines().map(l -> l.isEmpty() ? "//\n" : "// " + l + "\n")
            .collect(Collectors.joining());
        try {
            Files.writeString(path, head.stripTrailing() + "\n" + CHECK + comment);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
