package dev.kiln.kernels.toolchain;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** The compiler or the linker refused its input: generated code is wrong, which is a failure of Kiln. */
public final class CompilerException extends ToolchainException {
    private static final long serialVersionUID = 1;
    private static final int SHOWN_LINES = 12;

    private final String unit;
    private final List<String> diagnostics;
    private final transient Path source;

    CompilerException(String unit, int exitCode, List<String> diagnostics, Path source) {
        super(message(unit, exitCode, diagnostics, source));
        this.unit = unit;
        this.diagnostics = List.copyOf(diagnostics);
        this.source = source;
    }

    private static String message(String unit, int exitCode, List<String> diagnostics, Path source) {
        String first = diagnostics.stream().filter(l -> l.contains("error:")).findFirst()
                .or(() -> diagnostics.stream().findFirst())
                .orElse(exitCode > 128 ? "killed by signal " + (exitCode - 128) : "exit code " + exitCode);
        return "cannot compile " + unit + ": " + first + (source == null ? "" : " (source: " + source + ")");
    }

    /** Keeps the lines from the first error on, which say most; the rest of a long report is dropped. */
    static List<String> firstErrors(List<String> report) {
        int first = 0;
        while (first < report.size() && !report.get(first).contains("error:")) {
            first++;
        }
        List<String> from = first == report.size() ? report : report.subList(first, report.size());
        return List.copyOf(from.subList(0, Math.min(SHOWN_LINES, from.size())));
    }

    /** Name of the unit, {@code link} for the linker. */
    public String unit() {
        return unit;
    }

    /** First lines of the compiler's report, from the first error on. */
    public List<String> diagnostics() {
        return diagnostics;
    }

    /** Where the offending source was written; the caller may delete it. Empty for the linker. */
    public Optional<Path> source() {
        return Optional.ofNullable(source);
    }
}
