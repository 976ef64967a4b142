package dev.kiln.cli;

import java.lang.management.ManagementFactory;

/** The time before a command's body. */
final class Startup {
    private Startup() {
    }

    /**
     * Milliseconds from the start of the JVM to a moment: booting, and parsing the command line.
     *
     * @param moment milliseconds since the epoch
     */
    static long millisUntil(long moment) {
        return moment - ManagementFactory.getRuntimeMXBean().getStartTime();
    }
}
