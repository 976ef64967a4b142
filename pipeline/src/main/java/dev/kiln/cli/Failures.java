package dev.kiln.cli;

import dev.kiln.CompileFailedException;
import dev.kiln.ops.KilnException;
import java.io.PrintWriter;
import picocli.CommandLine.ParameterException;

/** Turns what went wrong into one line on standard error and an exit code. */
final class Failures {
    static final int FAILED = 1;
    static final int BAD_INPUT = 2;

    private Failures() {
    }

    static int report(PrintWriter err, Throwable problem) {
        boolean bad = problem instanceof KilnException.BadInput || problem instanceof ParameterException;
        boolean debug = isDebugging();
        boolean explained = bad || problem instanceof CompileFailedException failed
            && failed.reason() != CompileFailedException.Reason.FAILED;
        err.println("kiln: " + line(problem)
            + (explained || debug ? "" : " (KILN_DEBUG=1 shows the stack trace)"));
        if (debug && !explained) {
            problem.printStackTrace(err);
        }
        err.flush();
        return bad ? BAD_INPUT : FAILED;
    }

    /** The problem in one line, with control characters made visible. */
    static String line(Throwable problem) {
        String text = problem instanceof KilnException || problem instanceof ParameterException
            ? problem.getMessage() : problem.toString();
        StringBuilder line = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            line.append(c < ' ' || c == 0x7f ? ' ' : c);
        }
        return line.toString().strip();
    }

    private static boolean isDebugging() {
        String level = System.getProperty("KILN_DEBUG", System.getenv("KILN_DEBUG"));
        return level != null && !level.isBlank() && !level.equals("0");
    }
}
