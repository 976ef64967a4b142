package dev.kiln.cli;

import java.util.concurrent.Callable;

/**
 * A verb of the command line: a class with picocli's annotations and a public constructor without parameters,
 * found by {@link java.util.ServiceLoader}. {@link #call} returns the exit code; what it throws becomes one
 * line on standard error.
 */
public interface KilnCommand extends Callable<Integer> {
    /** What the user types after {@code kiln}. */
    String name();
}
