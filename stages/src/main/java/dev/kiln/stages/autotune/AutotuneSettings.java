package dev.kiln.stages.autotune;

import dev.kiln.ops.KilnException;
import dev.kiln.stages.CompileOptions.Autotune;
import java.time.Duration;

/**
 * How candidates are tried, read from the environment (or system properties of the same name).
 *
 * @param isolated {@code KILN_AUTOTUNE_ISOLATION}: {@code process} (default) runs candidates in a process of their own, so
 *     that one that crashes or hangs is lost alone; {@code none} in this one
 * @param deadline {@code KILN_AUTOTUNE_DEADLINE}, seconds: what takes longer is taken to hang
 * @param budgetMillis {@code KILN_AUTOTUNE_BUDGET}: time to measure the candidates of one kernel; 0 goes by the options
 */
record AutotuneSettings(boolean isolated, Duration deadline, long budgetMillis) {
    private static final long LIKELY_MILLIS = 250;
    private static final long MAX_MILLIS = 2500;

    static AutotuneSettings fromEnvironment() {
        String isolation = setting("KILN_AUTOTUNE_ISOLATION", "process");
        if (!isolation.equals("process") && !isolation.equals("none")) {
            throw new KilnException.BadInput("KILN_AUTOTUNE_ISOLATION is '" + isolation + "'; use process or none");
        }
        return new AutotuneSettings(isolation.equals("process"),
            Duration.ofMillis((long) (1000 * number("KILN_AUTOTUNE_DEADLINE", "10"))),
            (long) number("KILN_AUTOTUNE_BUDGET", "0"));
    }

    /** Milliseconds to measure one kernel's candidates in; what is being measured then is finished. */
    long budgetMillis(Autotune how) {
        return budgetMillis > 0 ? budgetMillis : how == Autotune.MAX ? MAX_MILLIS : LIKELY_MILLIS;
    }

    private static double number(String name, String otherwise) {
        String text = setting(name, otherwise);
        try {
            double value = Double.parseDouble(text);
            if (value >= 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new KilnException.BadInput(name + " must be a number, got '" + text + "'", e);
        }
        throw new KilnException.BadInput(name + " must not be negative, got '" + text + "'");
    }

    private static String setting(String name, String otherwise) {
        String value = System.getProperty(name, System.getenv(name));
        return value == null || value.isBlank() ? otherwise : value.strip();
    }
}
