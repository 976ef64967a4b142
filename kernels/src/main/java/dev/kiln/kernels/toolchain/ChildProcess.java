package dev.kiln.kernels.toolchain;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Runs one tool to its end, to its deadline or to the interruption of the caller, and leaves no process
 * behind.
 */
final class ChildProcess {
    private static final AtomicLong STARTS = new AtomicLong();

    private ChildProcess() {
    }

    /** Exit code and report (standard output and error together) of a finished tool. */
    record Result(int exitCode, List<String> report) {
    }

    static long starts() {
        return STARTS.get();
    }

    /**
     * Runs {@code command} with an empty environment, so that nothing there changes what is compiled.
     *
     * @param what  for messages
     * @param input file that becomes standard input, or null for none
     * @param work  private folder for the report and the tool's own temporary files
     */
    static Result run(String what, List<String> command, Path input, Path work, Deadline deadline) {
        if (deadline.expired()) {
            throw new ToolchainException.DeadlineExceeded(what);
        }
        try {
            Path report = Files.createTempFile(work, "report", ".txt");
            Process process = start(command, input, work, report);
            await(process, what, deadline);
            String text = new String(Files.readAllBytes(report), StandardCharsets.UTF_8);
            return new Result(process.exitValue(), text.lines().toList());
        } catch (IOException e) {
            throw new ToolchainException("cannot run " + command.getFirst() + ": " + e.getMessage(), e);
        }
    }

    private static Process start(List<String> command, Path input, Path work, Path report)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).directory(work.toFile())
                .redirectErrorStream(true).redirectOutput(report.toFile())
                .redirectInput(input != null ? input.toFile() : Path.of("/dev/null").toFile());
        builder.environment().clear();
        builder.environment().put("LC_ALL", "C");
        builder.environment().put("TMPDIR", work.toString());
        STARTS.incrementAndGet();
        return builder.start();
    }

    private static void await(Process process, String what, Deadline deadline) {
        boolean finished = false;
        try {
            finished = process.waitFor(deadline.remainingNanos(), TimeUnit.NANOSECONDS);
            if (!finished) {
                throw new ToolchainException.DeadlineExceeded(what);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ToolchainException.Cancelled(what);
        } finally {
            if (!finished) {
                kill(process);
            }
        }
    }

    private static void kill(Process process) {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
