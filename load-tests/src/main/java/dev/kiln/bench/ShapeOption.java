package dev.kiln.bench;

import dev.kiln.ops.KilnException;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.Collectors;

/** {@code NAME=8x128}: the shape of an input; {@code NAME=} is that of a scalar. */
record ShapeOption(String name, long... shape) {

    static ShapeOption parse(String text) {
        int equals = text.lastIndexOf('=');
        if (equals < 1) {
            throw malformed(text);
        }
        String sizes = text.substring(equals + 1);
        try {
            long[] shape = sizes.isEmpty() ? new long[0]
                    : Arrays.stream(sizes.split("x", -1)).mapToLong(Long::parseLong).toArray();
            if (Arrays.stream(shape).anyMatch(size -> size < 0)) {
                throw malformed(text);
            }
            return new ShapeOption(text.substring(0, equals), shape);
        } catch (NumberFormatException e) {
            throw malformed(text);
        }
    }

    private static KilnException malformed(String text) {
        return new KilnException.BadInput("--shape takes NAME=8x128, not '" + text + "'");
    }

    void addTo(Map<String, long[]> shapes) {
        shapes.put(name, shape);
    }

    @Override
    public String toString() {
        return name + "=" + Arrays.stream(shape).mapToObj(Long::toString).collect(Collectors.joining("x"));
    }
}
