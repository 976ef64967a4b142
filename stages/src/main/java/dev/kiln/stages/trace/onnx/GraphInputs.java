package dev.kiln.stages.trace.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.OpenSizes;
import dev.kiln.stages.trace.OpenSizes.Range;
import dev.kiln.stages.trace.TraceOptions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Makes placeholders of a graph's inputs. A named dimension is one symbol wherever the name stands, an
 * unnamed dynamic dimension is a symbol of its own; an input that is also an initializer is a constant, not
 * an input.
 */
final class GraphInputs {
    private static final long FIRST_HINT = 8;
    private static final long OTHER_HINT = 128;

    private final GraphBuilder builder;
    private final Values values;
    private final TraceOptions options;
    private final GuessedHints guesses;
    private final Map<String, Long> pinned = new HashMap<>();
    private final Map<String, Long> hinted = new HashMap<>();
    private final Map<String, SymInt> symbols = new HashMap<>();
    private final Map<String, Range> ranges = new HashMap<>();

    GraphInputs(GraphBuilder builder, Values values, TraceOptions options, GuessedHints guesses) {
        this.builder = builder;
        this.values = values;
        this.options = options;
        this.guesses = guesses;
    }

    void define(GraphProto graph) {
        List<ValueInfoProto> inputs = graph.getInputList().stream().filter(i -> !values.has(i.getName()))
            .toList();
        requireKnownNames(inputs);
        for (ValueInfoProto input : inputs) {
            collect(input, pin(input), pinned, true);
            collect(input, options.hints().get(input.getName()), hinted, false);
        }
        for (ValueInfoProto input : inputs) {
            options.open().requireDims(input.getName(), type(input).getShape().getDimCount());
            narrow(input);
        }
        for (ValueInfoProto input : inputs) {
            FakeTensor tensor = FakeTensor.contiguous(OnnxTypes.dtype(type(input).getElemType(), what(input)),
                sizes(input));
            values.put(input.getName(), new Value.Tensor(builder.placeholder(input.getName(), tensor)));
        }
    }

    private void requireKnownNames(List<ValueInfoProto> inputs) {
        List<String> names = inputs.stream().map(ValueInfoProto::getName).toList();
        for (Map<String, ?> option : List.of(options.pins(), options.hints(), options.values(),
                options.open().ranges())) {
            for (String name : option.keySet()) {
                if (!names.contains(name)) {
                    throw new KilnException.BadInput("there is no input \"" + name + "\"; the inputs are "
                        + names.stream().map(n -> '"' + n + '"').collect(Collectors.joining(", ")));
                }
            }
        }
    }

    private List<Long> pin(ValueInfoProto input) {
        List<Long> pin = options.pins().get(input.getName());
        boolean assumed = pin == null && options.values().containsKey(input.getName());
        return assumed ? options.values().get(input.getName()).sizes() : pin;
    }

    /** Files the given sizes of an input under the names of its dimensions. */
    private void collect(ValueInfoProto input, List<Long> given, Map<String, Long> into, boolean binding) {
        if (given == null || !type(input).hasShape()) {
            return;
        }
        List<Dimension> dims = type(input).getShape().getDimList();
        boolean fits = given.size() == dims.size();
        for (int d = 0; fits && d < dims.size(); d++) {
            long size = given.get(d);
            Dimension dim = dims.get(d);
            if (size < 0) {
                continue;
            }
            boolean open = isDynamic(dim) || options.open().range(input.getName(), d).isPresent();
            Long before = open ? into.putIfAbsent(key(input, dim, d), size)
                : (Long) dim.getDimValue();
            fits = !binding || before == null || before == size;
        }
        if (!fits) {
            throw new KilnException.BadInput(what(input) + " has shape " + shape(input)
                + ", which does not admit " + given);
        }
    }

    private List<SymInt> sizes(ValueInfoProto input) {
        if (!type(input).hasShape()) {
            List<Long> pin = pin(input);
            if (pin == null || pin.stream().anyMatch(s -> s < 0)) {
                throw new KilnException.BadInput(what(input)
                    + " has no shape in the model; give it one (--shape " + input.getName() + "=...)");
            }
            return pin.stream().map(SymInt::of).toList();
        }
        List<SymInt> sizes = new ArrayList<>();
        boolean first = true;
        for (Dimension dim : type(input).getShape().getDimList()) {
            boolean open = isDynamic(dim) || options.open().range(input.getName(), sizes.size()).isPresent();
            sizes.add(open ? open(input, dim, sizes.size(), first ? FIRST_HINT : OTHER_HINT)
                : SymInt.of(dim.getDimValue()));
            first &= !open;
        }
        return sizes;
    }

    private SymInt open(ValueInfoProto input, Dimension dim, int position, long usual) {
        String key = key(input, dim, position);
        if (pinned.containsKey(key)) {
            return SymInt.of(pinned.get(key));
        }
        if (options.open().fixed() && !ranges.containsKey(key)) {
            return SymInt.of(OpenSizes.fixedAt(input.getName(), position, hinted.containsKey(key)
                ? Collections.nCopies(position + 1, hinted.get(key)) : List.of()));
        }
        long declared = isDynamic(dim) ? usual : dim.getDimValue();
        return symbols.computeIfAbsent(key, k -> symbol(k, hinted.getOrDefault(k, declared)));
    }

    /** Sizes whose hint is the user's go by the policy; the hints of others are guesses. */
    private SymInt symbol(String key, long hint) {
        Range range = ranges.getOrDefault(key, Range.ANY);
        if (hinted.containsKey(key)) {
            return builder.shapes().size(hint, range.min(), range.max());
        }
        return guesses.define(range, hint);
    }

    /** Files the ranges that the user gives dimensions under their names. */
    private void narrow(ValueInfoProto input) {
        for (int d = 0; d < type(input).getShape().getDimCount(); d++) {
            String key = key(input, type(input).getShape().getDim(d), d);
            options.open().range(input.getName(), d).ifPresent(range -> ranges.merge(key, range,
                (a, b) -> a.and(b, what(input))));
        }
    }

    private static boolean isDynamic(Dimension dim) {
        return !dim.hasDimValue() || dim.getDimValue() < 0;
    }

    /** The name that dimensions share, or for an unnamed one a key of its own. */
    private static String key(ValueInfoProto input, Dimension dim, int position) {
        return dim.getDimParam().isEmpty() ? "\0" + position + input.getName() : dim.getDimParam();
    }

    private static TypeProto.Tensor type(ValueInfoProto input) {
        if (!input.getType().hasTensorType()) {
            throw new KilnException.Unsupported(what(input) + " is not a tensor");
        }
        return input.getType().getTensorType();
    }

    private static String shape(ValueInfoProto input) {
        return type(input).getShape().getDimList().stream()
            .map(d -> !isDynamic(d) ? Long.toString(d.getDimValue())
                : d.getDimParam().isEmpty() ? "?" : d.getDimParam())
            .collect(Collectors.joining(", ", "[", "]"));
    }

    private static String what(ValueInfoProto input) {
        return "input \"" + input.getName() + "\"";
    }
}
