package dev.kiln.ops.schema;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpSchema.Parameter;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Reads PyTorch's schema language, as far as functional overloads use it. */
final class OpSchemaParser {
    private OpSchemaParser() {
    }

    static OpSchema parse(String text) {
        int open = text.indexOf('(');
        int close = text.lastIndexOf(") -> ");
        if (open < 0 || close < open) {
            throw new IllegalArgumentException("not an operator schema: " + text);
        }
        List<Parameter> parameters = new ArrayList<>();
        for (String part : split(text.substring(open + 1, close))) {
            if (!part.equals("*")) {
                parameters.add(parameter(part));
            }
        }
        String results = text.substring(close + 5).strip();
        List<String> returns = results.startsWith("(")
            ? split(results.substring(1, results.length() - 1)) : List.of(results);
        return new OpSchema(text.substring(0, open).strip(), List.copyOf(parameters), returns);
    }

    private static Parameter parameter(String text) {
        int space = text.indexOf(' ');
        String type = text.substring(0, space).replaceAll("\\[\\d+]", "[]");
        String rest = text.substring(space + 1);
        int equals = rest.indexOf('=');
        if (equals < 0) {
            return new Parameter(rest.strip(), type, Optional.empty());
        }
        String name = rest.substring(0, equals).strip();
        return new Parameter(name, type, Optional.of(defaultValue(type, rest.substring(equals + 1).strip())));
    }

    private static Arg defaultValue(String type, String text) {
        return switch (text) {
            case "None" -> Arg.NONE;
            case "True" -> new Arg.Bool(true);
            case "False" -> new Arg.Bool(false);
            case "[]" -> new Arg.Ints(List.of());
            case "long" -> new Arg.Type(DType.I64);
            default -> number(type, text);
        };
    }

    private static Arg number(String type, String text) {
        if (text.startsWith("[")) {
            return new Arg.Ints(Arrays.stream(text.substring(1, text.length() - 1).split(","))
                .map(s -> SymInt.of(Long.parseLong(s.strip()))).toList());
        }
        if (text.startsWith("\"") || text.startsWith("'")) {
            return new Arg.Str(text.substring(1, text.length() - 1));
        }
        if (text.matches("[A-Za-z_]+")) {
            return new Arg.Str(text);
        }
        boolean integral = text.matches("-?\\d+") && !type.startsWith("float");
        Arg value = integral ? Arg.of(Long.parseLong(text)) : new Arg.Real(Double.parseDouble(text));
        return type.endsWith("[]") ? new Arg.Ints(List.of(((Arg.Int) value).value())) : value;
    }

    /** Splits at commas that stand outside brackets. */
    private static List<String> split(String text) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            depth += c == '[' || c == '(' ? 1 : c == ']' || c == ')' ? -1 : 0;
            if (c == ',' && depth == 0) {
                parts.add(text.substring(start, i).strip());
                start = i + 1;
            }
        }
        String last = text.substring(start).strip();
        if (!last.isEmpty()) {
            parts.add(last);
        }
        return parts;
    }
}
