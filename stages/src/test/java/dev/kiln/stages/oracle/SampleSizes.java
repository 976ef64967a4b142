package dev.kiln.stages.oracle;

import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpSchema;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The sizes in a sample's text, to be replaced by others everywhere. */
final class SampleSizes {
    private static final Pattern TENSOR = Pattern.compile("(?<![A-Za-z0-9\"])([TPSUFzebijc])([ts]?)\\[([0-9, ]*)\\]"
        + "(?:<(?:(-?\\d+):)?(\\d+))?");
    private static final Pattern NUMBER = Pattern.compile("(?<![\\w.])\\d+(?![\\w.])");
    private static final Set<String> INTEGERS = Set.of("int", "SymInt", "int[]", "SymInt[]", "int?", "SymInt?");

    private SampleSizes() {
    }

    /**
     * A tensor in a sample.
     *
     * @param layout {@code t} transposed, {@code s} sliced, or nothing
     * @param low least index, or null
     * @param high what indices are less than, or null for a tensor of other values
     */
    record TensorText(String kind, String layout, List<Long> sizes, Long low, Long high) {
        TensorText contiguous() {
            return new TensorText(kind, "", sizes, low, high);
        }

        TensorText withLayout(String other) {
            return new TensorText(kind, other, sizes, low, high);
        }

        TensorText withSizes(List<Long> others) {
            return new TensorText(kind, layout, others, low, high);
        }

        /** Without a first dimension of size 1. */
        TensorText withoutLeading() {
            return !sizes.isEmpty() && sizes.getFirst() == 1 ? withSizes(sizes.subList(1, sizes.size())) : this;
        }

        TensorText replaced(Map<Long, Long> map) {
            return new TensorText(kind, layout, sizes.stream().map(s -> map.getOrDefault(s, s)).toList(),
                low == null ? null : -map.getOrDefault(-low, -low), high == null ? null : map.getOrDefault(high, high));
        }

        @Override
        public String toString() {
            return kind + layout + "[" + sizes.stream().map(Object::toString).collect(Collectors.joining(",")) + "]"
                + (high == null ? "" : "<" + (low == null ? "" : low + ":") + high);
        }
    }

    static String mapTensors(String text, UnaryOperator<TensorText> change) {
        return TENSOR.matcher(text).replaceAll(m -> Matcher.quoteReplacement(change.apply(parsed(m.group(1), m.group(2),
            m.group(3), m.group(4), m.group(5))).toString()));
    }

    static List<TensorText> tensors(String text) {
        List<TensorText> found = new ArrayList<>();
        mapTensors(text, t -> {
            found.add(t);
            return t;
        });
        return found;
    }

    private static TensorText parsed(String kind, String layout, String sizes, String low, String high) {
        return new TensorText(kind, layout, sizes.isBlank() ? List.of()
            : Arrays.stream(sizes.split(",")).map(s -> Long.parseLong(s.strip())).toList(),
            low == null ? null : Long.valueOf(low), high == null ? null : Long.valueOf(high));
    }

    /** The distinct sizes of tensors. */
    static Set<Long> sizes(String text) {
        Set<Long> sizes = new TreeSet<>();
        tensors(text).forEach(t -> sizes.addAll(t.sizes()));
        return sizes;
    }

    /** Sizes of tensors, limits of indices, and integer arguments that are not dimensions, replaced alike. */
    static String replaced(OpOverload op, String text, Map<Long, Long> map) {
        List<String> parts = Sample.split(mapTensors(text, t -> t.replaced(map)));
        List<OpSchema.Parameter> parameters = op.schema().parameters();
        for (int i = 0; i < Math.min(parts.size(), parameters.size()); i++) {
            if (takesIntegers(parameters.get(i)) && !isDimension(parameters.get(i)) && !isMode(parameters.get(i))) {
                parts.set(i, NUMBER.matcher(parts.get(i)).replaceAll(m -> Long.toString(
                    map.getOrDefault(Long.valueOf(m.group()), Long.valueOf(m.group())))));
            }
        }
        return String.join(", ", parts);
    }

    static boolean takesIntegers(OpSchema.Parameter parameter) {
        String type = parameter.type().replaceAll("\\[\\d+\\]", "[]");
        return INTEGERS.contains(type) || type.equals("int[]?") || type.equals("SymInt[]?");
    }

    /** One of a few meanings; libtorch leaves open what others do. */
    private static boolean isMode(OpSchema.Parameter parameter) {
        return parameter.name().endsWith("_mode");
    }

    static boolean isDimension(OpSchema.Parameter parameter) {
        return parameter.name().matches("(.*_)?(dim|dims|dim0|dim1|dim2|axis|axis0|axis1|dimension)\\d*");
    }
}
