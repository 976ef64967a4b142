package dev.kiln.stages.codegen;

import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Writes the checks between the steps of a graph: a size from data has just been written. */
final class AssertionWriter {
    private final GeneratedCode code;
    private final ShapeEnv shapes;
    private final Set<String> open = new HashSet<>();

    AssertionWriter(GeneratedCode code) {
        this.code = code;
        this.shapes = code.schedule().program().shapes();
        shapes.symbols().stream().filter(s -> !s.backed()).map(ShapeEnv.Symbol::name).forEach(open::add);
    }

    /** What must be checked now that the symbol has its value: no loop may run with a size that broke its bounds. */
    String after(String symbol) {
        open.remove(symbol);
        StringBuilder out = new StringBuilder("  if (failed) return failed;\n");
        List<Guard> assertions = shapes.assertions();
        for (int i = 0; i < assertions.size(); i++) {
            Guard guard = assertions.get(i);
            if (guard.symbols().contains(symbol) && guard.symbols().stream().noneMatch(open::contains)) {
                CIndex index = new CIndex();
                String condition = print(guard, index);
                out.append("  {\n").append(index.declarations(code.symbols(), "    ").replace("args->syms", "call->syms"))
                    .append("    if (!(").append(condition).append(")) return KILN_FAILED_ASSERTION + ").append(i)
                    .append(";\n  }\n");
            }
        }
        return out.toString();
    }

    private static String print(Guard guard, CIndex index) {
        return switch (guard) {
            case Guard.Compare(var relation, var left, var right) ->
                index.print(left) + " " + relation.text() + " " + index.print(right);
            case Guard.Divisible(var value, long by) -> "(" + index.print(value) + ") % " + by + " == 0";
            case Guard.Not(Guard inner) -> "!(" + print(inner, index) + ")";
            case Guard.All(List<Guard> parts) -> join(parts, " && ", "1", index);
            case Guard.Any(List<Guard> parts) -> join(parts, " || ", "0", index);
        };
    }

    private static String join(List<Guard> parts, String operator, String none, CIndex index) {
        return parts.isEmpty() ? none : parts.stream().map(p -> "(" + print(p, index) + ")")
            .collect(Collectors.joining(operator));
    }
}
