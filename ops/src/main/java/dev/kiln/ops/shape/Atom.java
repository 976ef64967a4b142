package dev.kiln.ops.shape;

import java.util.Set;
import java.util.function.Function;

/** What a polynomial cannot take apart further. */
public sealed interface Atom extends Comparable<Atom> {

    /** A size, or a loop variable in loop IR. */
    record Symbol(String name) implements Atom {
        @Override
        public String toString() {
            return name;
        }
    }

    record FloorDiv(SymInt dividend, SymInt divisor) implements Atom {
        @Override
        public String toString() {
            return "floordiv(" + dividend + ", " + divisor + ")";
        }
    }

    record Mod(SymInt dividend, SymInt divisor) implements Atom {
        @Override
        public String toString() {
            return "mod(" + dividend + ", " + divisor + ")";
        }
    }

    record Max(SymInt left, SymInt right) implements Atom {
        @Override
        public String toString() {
            return "max(" + left + ", " + right + ")";
        }
    }

    record Min(SymInt left, SymInt right) implements Atom {
        @Override
        public String toString() {
            return "min(" + left + ", " + right + ")";
        }
    }

    default long evaluate(Function<String, Long> values) {
        return switch (this) {
            case Symbol(String name) -> {
                Long value = values.apply(name);
                if (value == null) {
                    throw new IllegalArgumentException("no value for symbol " + name);
                }
                yield value;
            }
            case FloorDiv(SymInt a, SymInt b) -> Math.floorDiv(a.evaluate(values), b.evaluate(values));
            case Mod(SymInt a, SymInt b) -> Math.floorMod(a.evaluate(values), b.evaluate(values));
            case Max(SymInt a, SymInt b) -> Math.max(a.evaluate(values), b.evaluate(values));
            case Min(SymInt a, SymInt b) -> Math.min(a.evaluate(values), b.evaluate(values));
        };
    }

    default SymInt substitute(Function<String, SymInt> replacement) {
        return switch (this) {
            case Symbol(String name) -> {
                SymInt value = replacement.apply(name);
                yield value == null ? SymInt.atom(this) : value;
            }
            case FloorDiv(SymInt a, SymInt b) -> a.substitute(replacement).floorDiv(b.substitute(replacement));
            case Mod(SymInt a, SymInt b) -> a.substitute(replacement).mod(b.substitute(replacement));
            case Max(SymInt a, SymInt b) -> a.substitute(replacement).max(b.substitute(replacement));
            case Min(SymInt a, SymInt b) -> a.substitute(replacement).min(b.substitute(replacement));
        };
    }

    default void collectSymbols(Set<String> into) {
        switch (this) {
            case Symbol(String name) -> into.add(name);
            case FloorDiv(SymInt a, SymInt b) -> collect(a, b, into);
            case Mod(SymInt a, SymInt b) -> collect(a, b, into);
            case Max(SymInt a, SymInt b) -> collect(a, b, into);
            case Min(SymInt a, SymInt b) -> collect(a, b, into);
        }
    }

    private static void collect(SymInt a, SymInt b, Set<String> into) {
        into.addAll(a.symbols());
        into.addAll(b.symbols());
    }

    @Override
    default int compareTo(Atom other) {
        if (this instanceof Symbol a && other instanceof Symbol b) {
            return a.name().compareTo(b.name());
        }
        return toString().compareTo(other.toString());
    }
}
