package dev.kiln.cli;

import dev.kiln.ops.KilnException;
import dev.kiln.stages.trace.OpenSizes;

/** The argument of {@code --dynamic}: {@code NAME=DIM}, {@code NAME=DIM:MIN-MAX} or {@code NAME=DIM:MIN-}. */
record DynamicDimension(String input, int dim, OpenSizes.Range range) {

    static DynamicDimension parse(String argument) {
        String name = NamedValue.name("--dynamic", argument);
        String value = NamedValue.value("--dynamic", argument);
        int colon = value.indexOf(':');
        try {
            int dim = Integer.parseInt(colon < 0 ? value : value.substring(0, colon));
            return new DynamicDimension(name, dim, colon < 0 ? OpenSizes.Range.ANY : range(value.substring(colon + 1)));
        } catch (NumberFormatException e) {
            throw new KilnException.BadInput("--dynamic " + argument
                + ": a dimension is written as NAME=DIM or NAME=DIM:MIN-MAX, for example x=0:1-64", e);
        } catch (KilnException.BadInput e) {
            throw new KilnException.BadInput("--dynamic " + argument + ": " + e.getMessage(), e);
        }
    }

    private static OpenSizes.Range range(String text) {
        int dash = text.indexOf('-');
        if (dash < 0) {
            throw new NumberFormatException(text);
        }
        String max = text.substring(dash + 1);
        return new OpenSizes.Range(Long.parseLong(text.substring(0, dash)),
            max.isEmpty() ? Long.MAX_VALUE : Long.parseLong(max));
    }

    OpenSizes addTo(OpenSizes open) {
        return open.withRange(input, dim, range);
    }
}
