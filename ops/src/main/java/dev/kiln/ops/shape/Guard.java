package dev.kiln.ops.shape;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A condition on sizes: what must hold for a compiled graph to be used. A small expression tree over relations,
 * evaluated on plain integers; its methods are virtual, not pattern switches, since a warm start evaluates guards
 * and would pay for linking the switches.
 */
public sealed interface Guard {
    Guard TRUE = new All(List.of());
    Guard FALSE = new Any(List.of());

    /** Whether it holds for the symbols' values; overflow is an {@link ArithmeticException}. */
    boolean holds(Function<String, Long> values);

    /** Names of the symbols in it. */
    Set<String> symbols();

    /** What holds exactly when this does not. */
    Guard negated();

    /** How two sizes relate. */
    enum Relation {
        EQ("=="), NE("!="), LT("<"), LE("<=");

        private final String text;

        Relation(String text) {
            this.text = text;
        }

        public String text() {
            return text;
        }
    }

    record Compare(Relation relation, SymInt left, SymInt right) implements Guard {
        @Override
        public boolean holds(Function<String, Long> values) {
            long a = left.evaluate(values);
            long b = right.evaluate(values);
            return switch (relation) {
                case EQ -> a == b;
                case NE -> a != b;
                case LT -> a < b;
                case LE -> a <= b;
            };
        }

        @Override
        public Set<String> symbols() {
            Set<String> symbols = new TreeSet<>(left.symbols());
            symbols.addAll(right.symbols());
            return symbols;
        }

        @Override
        public Guard negated() {
            return switch (relation) {
                case EQ -> new Compare(Relation.NE, left, right);
                case NE -> new Compare(Relation.EQ, left, right);
                case LT -> new Compare(Relation.LE, right, left);
                case LE -> new Compare(Relation.LT, right, left);
            };
        }

        @Override
        public String toString() {
            return left + " " + relation.text + " " + right;
        }
    }

    /** The value is a multiple of a number greater than 0. */
    record Divisible(SymInt value, long by) implements Guard {
        public Divisible {
            if (by < 1) {
                throw new IllegalArgumentException("a divisor of at least 1 expected, got " + by);
            }
        }

        @Override
        public boolean holds(Function<String, Long> values) {
            return value.evaluate(values) % by == 0;
        }

        @Override
        public Set<String> symbols() {
            return value.symbols();
        }

        @Override
        public Guard negated() {
            return new Not(this);
        }

        @Override
        public String toString() {
            return "divisible(" + value + ", " + by + ")";
        }
    }

    record Not(Guard guard) implements Guard {
        @Override
        public boolean holds(Function<String, Long> values) {
            return !guard.holds(values);
        }

        @Override
        public Set<String> symbols() {
            return guard.symbols();
        }

        @Override
        public Guard negated() {
            return guard;
        }

        @Override
        public String toString() {
            return "not(" + guard + ")";
        }
    }

    /** Conjunction; the empty one is true. */
    record All(List<Guard> parts) implements Guard {
        public All {
            parts = List.copyOf(parts);
        }

        @Override
        public boolean holds(Function<String, Long> values) {
            for (Guard part : parts) {
                if (!part.holds(values)) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public Set<String> symbols() {
            return symbolsOf(parts);
        }

        @Override
        public Guard negated() {
            return new Any(parts.stream().map(Guard::negated).toList());
        }

        @Override
        public String toString() {
            return "and(" + join(parts) + ")";
        }
    }

    /** Disjunction; the empty one is false. */
    record Any(List<Guard> parts) implements Guard {
        public Any {
            parts = List.copyOf(parts);
        }

        @Override
        public boolean holds(Function<String, Long> values) {
            for (Guard part : parts) {
                if (part.holds(values)) {
                    return true;
                }
            }
            return false;
        }

        @Override
        public Set<String> symbols() {
            return symbolsOf(parts);
        }

        @Override
        public Guard negated() {
            return new All(parts.stream().map(Guard::negated).toList());
        }

        @Override
        public String toString() {
            return "or(" + join(parts) + ")";
        }
    }

    static Guard equal(SymInt left, SymInt right) {
        return new Compare(Relation.EQ, left, right);
    }

    static Guard less(SymInt left, SymInt right) {
        return new Compare(Relation.LT, left, right);
    }

    static Guard atMost(SymInt left, SymInt right) {
        return new Compare(Relation.LE, left, right);
    }

    /** Parses what {@link #toString()} prints. */
    static Guard parse(String text) {
        return GuardText.parse(text);
    }

    private static Set<String> symbolsOf(List<Guard> parts) {
        Set<String> symbols = new TreeSet<>();
        parts.forEach(p -> symbols.addAll(p.symbols()));
        return symbols;
    }

    private static String join(List<Guard> parts) {
        return parts.stream().map(Guard::toString).collect(Collectors.joining(", "));
    }
}
