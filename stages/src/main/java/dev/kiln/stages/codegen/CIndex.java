package dev.kiln.stages.codegen;

import dev.kiln.ops.shape.Atom;
import dev.kiln.ops.shape.Monomial;
import dev.kiln.ops.shape.SymInt;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Prints size and index expressions as C; remembers which sizes were used. */
final class CIndex {
    private final Set<String> used = new TreeSet<>();

    String print(SymInt expression) {
        if (expression.terms().isEmpty()) {
            return "0";
        }
        StringBuilder out = new StringBuilder();
        for (Map.Entry<Monomial, Long> term : expression.terms().entrySet()) {
            long coefficient = term.getValue();
            boolean negative = coefficient < 0 && coefficient != Long.MIN_VALUE;
            out.append(out.isEmpty() ? (negative ? "-" : "") : negative ? " - " : " + ");
            String monomial = term.getKey().factors().stream().map(this::print).collect(Collectors.joining(" * "));
            String size = coefficient == Long.MIN_VALUE ? "(-" + Long.MAX_VALUE + " - 1)"
                : Long.toString(coefficient).replace("-", "");
            out.append(monomial.isEmpty() ? size : size.equals("1") ? monomial : monomial + " * " + size);
        }
        return out.toString();
    }

    private String print(Atom atom) {
        return switch (atom) {
            case Atom.Symbol(String name) -> symbol(name);
            case Atom.FloorDiv(SymInt a, SymInt b) -> "kiln_floordiv(" + print(a) + ", " + print(b) + ")";
            case Atom.Mod(SymInt a, SymInt b) -> "kiln_mod(" + print(a) + ", " + print(b) + ")";
            case Atom.Max(SymInt a, SymInt b) -> "kiln_imax(" + print(a) + ", " + print(b) + ")";
            case Atom.Min(SymInt a, SymInt b) -> "kiln_imin(" + print(a) + ", " + print(b) + ")";
        };
    }

    /** Loop variables and loaded indices keep their names; sizes get a prefix that no C name has. */
    private String symbol(String name) {
        if (name.matches("[ijr]\\d+|_\\d+|at\\d+")) {
            return name;
        }
        used.add(name);
        return "n_" + name;
    }

    /** Declarations of the sizes printed so far, read from {@code syms}. */
    String declarations(java.util.List<String> symbols, String indent) {
        return used.stream().map(s -> indent + "const int64_t n_" + s + " = args->syms[" + symbols.indexOf(s) + "];\n")
            .collect(Collectors.joining());
    }
}
