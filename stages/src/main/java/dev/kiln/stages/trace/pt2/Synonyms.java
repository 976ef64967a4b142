package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import java.util.Map;
import java.util.Optional;

/** Operators that compute what another one does, under another name. */
final class Synonyms {
    private static final Map<String, String> PACKETS = Map.ofEntries(
        Map.entry("__and__", "bitwise_and"), Map.entry("__or__", "bitwise_or"), Map.entry("__xor__", "bitwise_xor"),
        Map.entry("__lshift__", "bitwise_left_shift"), Map.entry("__rshift__", "bitwise_right_shift"),
        Map.entry("absolute", "abs"), Map.entry("negative", "neg"), Map.entry("fix", "trunc"),
        Map.entry("arctan2", "atan2"), Map.entry("concatenate", "cat"), Map.entry("not_equal", "ne"),
        Map.entry("greater", "gt"), Map.entry("greater_equal", "ge"), Map.entry("less", "lt"),
        Map.entry("less_equal", "le"), Map.entry("special_erf", "erf"), Map.entry("special_expit", "sigmoid"),
        Map.entry("multiply", "mul"), Map.entry("subtract", "sub"), Map.entry("divide", "div"),
        Map.entry("true_divide", "div"), Map.entry("clip", "clamp"));

    private Synonyms() {
    }

    /** Also {@code aten.view_copy.default}: in a graph without mutation a copy of a view is the view. */
    static Optional<OpOverload> find(String name) {
        String[] parts = name.split("\\.");
        if (parts.length != 3 || !parts[0].equals("aten")) {
            return Optional.empty();
        }
        String packet = parts[1].endsWith("_copy") ? parts[1].substring(0, parts[1].length() - "_copy".length())
            : PACKETS.get(parts[1]);
        return packet == null ? Optional.empty() : OpTable.find("aten." + packet + "." + parts[2]);
    }
}
