package dev.kiln.cli;

import dev.kiln.CompileListener;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** Shows on a terminal which phase runs, and how long each took. */
public final class Progress implements CompileListener {
    private static final String CLEAR = "\r\u001b[K";

    private final PrintWriter err;
    private final boolean dims;

    private Progress(PrintWriter err, boolean dims) {
        this.err = err;
        this.dims = dims;
    }

    /** Silent unless standard error is a terminal. {@code NO_COLOR} is honoured. */
    public static CompileListener of(PrintWriter err, boolean json) {
        return json || !isTerminal() ? SILENT : new Progress(err, System.getenv("NO_COLOR") == null);
    }

    private static boolean isTerminal() {
        try {
            String device = Files.readSymbolicLink(Path.of("/proc/self/fd/2")).toString();
            return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty");
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public synchronized void phaseStarted(String job, String phase) {
        err.print(CLEAR + phase + " ...");
        err.flush();
    }

    @Override
    public synchronized void progress(String job, String phase, String state) {
        err.print(CLEAR + phase + " ... " + state);
        err.flush();
    }

    @Override
    public synchronized void phaseFinished(String job, String phase, double millis) {
        String time = String.format(Locale.ROOT, "%8.1f ms", millis);
        err.println(CLEAR + (dims ? "\u001b[2m" + time + "\u001b[0m" : time) + "  " + phase);
        err.flush();
    }
}
