package dev.kiln.cli;

import dev.kiln.ops.KilnException;
import java.util.ArrayList;
import java.util.List;

/** Arguments of the form {@code NAME=VALUE}. By hand, because a pattern costs a fresh JVM milliseconds. */
final class NamedValue {
    private NamedValue() {
    }

    /** Names may hold anything, so the last equals sign parts name and value. */
    static String name(String option, String argument) {
        return argument.substring(0, equalsSign(option, argument));
    }

    static String value(String option, String argument) {
        return argument.substring(equalsSign(option, argument) + 1);
    }

    private static int equalsSign(String option, String argument) {
        int at = argument.lastIndexOf('=');
        if (at <= 0 || at == argument.length() - 1) {
            throw new KilnException.BadInput(option + " " + argument + ": NAME=VALUE expected");
        }
        return at;
    }

    /** The value as a shape: sizes with {@code x} between them. */
    static long[] shape(String option, String argument) {
        String text = value(option, argument);
        List<Long> sizes = new ArrayList<>();
        int from = 0;
        while (from <= text.length()) {
            int to = text.indexOf('x', from);
            to = to < 0 ? text.length() : to;
            sizes.add(size(option, argument, text.substring(from, to)));
            from = to + 1;
        }
        long[] shape = new long[sizes.size()];
        for (int i = 0; i < shape.length; i++) {
            shape[i] = sizes.get(i);
        }
        return shape;
    }

    private static long size(String option, String argument, String text) {
        try {
            long size = Long.parseLong(text);
            if (size >= -1) {
                return size;
            }
        } catch (NumberFormatException e) {
            // falls through to the message
        }
        throw new KilnException.BadInput(option + " " + argument + ": '" + text
            + "' is not a size; a shape is written as 1x3x224x224");
    }
}
