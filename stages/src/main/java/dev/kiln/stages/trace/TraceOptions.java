package dev.kiln.stages.trace;

import dev.kiln.ops.graph.ConstantValue;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What the user says about a model's inputs before it is traced; all by input name.
 *
 * @param pins shapes that the graph is specialised to; -1 leaves a dimension as the model has it
 * @param hints shapes that tuning assumes for the dynamic dimensions; the graph stays general
 * @param values contents that an input is assumed to have wherever the importer must know them (the shape of
 *     a Reshape, the axes of a reduction); the input stays a placeholder
 * @param open which dimensions stay open
 * @param program which program of an archive that holds several; empty if there is only one
 */
public record TraceOptions(Map<String, List<Long>> pins, Map<String, List<Long>> hints,
        Map<String, ConstantValue> values, OpenSizes open, String program) {
    public static final TraceOptions NONE = new TraceOptions(Map.of(), Map.of(), Map.of(), OpenSizes.DEFAULT,
        "");

    public TraceOptions {
        pins = Map.copyOf(pins);
        hints = Map.copyOf(hints);
        values = Map.copyOf(values);
    }

    public TraceOptions withPin(String input, long... shape) {
        return new TraceOptions(with(pins, input, list(shape)), hints, values, open, program);
    }

    public TraceOptions withHint(String input, long... shape) {
        return new TraceOptions(pins, with(hints, input, list(shape)), values, open, program);
    }

    public TraceOptions withValue(String input, ConstantValue value) {
        return new TraceOptions(pins, hints, with(values, input, value), open, program);
    }

    public TraceOptions withOpen(OpenSizes sizes) {
        return new TraceOptions(pins, hints, values, sizes, program);
    }

    public TraceOptions withProgram(String name) {
        return new TraceOptions(pins, hints, values, open, name);
    }

    private static List<Long> list(long[] shape) {
        return Arrays.stream(shape).boxed().toList();
    }

    private static <V> Map<String, V> with(Map<String, V> map, String key, V value) {
        Map<String, V> more = new HashMap<>(map);
        more.put(key, value);
        return more;
    }
}
