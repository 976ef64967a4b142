package dev.kiln.ops.shape;

import java.util.function.Function;

/** A relation between sizes that must hold for a compiled graph to be used; evaluated on plain integers. */
public record Guard(Relation relation, SymInt left, SymInt right) {

    public enum Relation {
        EQ("=="), NE("!="), LT("<"), LE("<=");

        private final String text;

        Relation(String text) {
            this.text = text;
        }
    }

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

    /** Parses what {@link #toString()} prints. */
    public static Guard parse(String text) {
        for (Relation relation : new Relation[] {Relation.EQ, Relation.NE, Relation.LE, Relation.LT}) {
            int at = text.indexOf(" " + relation.text + " ");
            if (at >= 0) {
                String right = text.substring(at + relation.text.length() + 2);
                return new Guard(relation, SymInt.parse(text.substring(0, at)), SymInt.parse(right));
            }
        }
        throw new IllegalArgumentException("not a guard: " + text);
    }

    @Override
    public String toString() {
        return left + " " + relation.text + " " + right;
    }
}
