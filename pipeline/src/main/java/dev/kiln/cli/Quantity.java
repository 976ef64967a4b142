package dev.kiln.cli;

import dev.kiln.ops.KilnException;
import java.time.Duration;

/** Numbers with a unit. */
final class Quantity {
    private Quantity() {
    }

    static long bytes(String option, String text) {
        long unit = switch (last(text)) {
            case 'K', 'k' -> 1L << 10;
            case 'M', 'm' -> 1L << 20;
            case 'G', 'g' -> 1L << 30;
            default -> 1;
        };
        return multiply(option, text, unit, "a size is written as 500M or 10G");
    }

    static Duration time(String option, String text) {
        long unit = switch (last(text)) {
            case 'm' -> 60;
            case 'h' -> 3600;
            case 'd' -> 86400;
            default -> 1;
        };
        return Duration.ofSeconds(multiply(option, text, unit, "a time is written as 12h or 30d"));
    }

    private static char last(String text) {
        return text.isEmpty() ? ' ' : text.charAt(text.length() - 1);
    }

    private static long multiply(String option, String text, long unit, String hint) {
        boolean bare = Character.isDigit(last(text)) || text.isEmpty();
        try {
            long number = Long.parseLong(bare ? text : text.substring(0, text.length() - 1));
            if (number >= 0 && (bare || unit > 1 || last(text) == 's')) {
                return Math.multiplyExact(number, unit);
            }
        } catch (NumberFormatException | ArithmeticException e) {
            throw new KilnException.BadInput(option + " " + text + ": " + hint, e);
        }
        throw new KilnException.BadInput(option + " " + text + ": " + hint);
    }
}
