package dev.kiln.ops.graph;

import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.stream.Collectors;

/** One argument of a call, in the position that the op's schema gives it. */
public sealed interface Arg {
    Arg NONE = new None();

    /** Stands in a {@code Tensor?[]} list where no tensor is given; it is no reference. */
    Ref ABSENT = new Ref("", 0);

    /** Output {@code output} of the node named {@code node}. */
    record Ref(String node, int output) implements Arg {
        @Override
        public boolean equals(Object other) {
            return other instanceof Ref that && output == that.output && node.equals(that.node);
        }

        @Override
        public int hashCode() {
            return 31 * node.hashCode() + output;
        }

        @Override
        public String toString() {
            return node.isEmpty() ? "none" : "%" + node + (output == 0 ? "" : "#" + output);
        }
    }

    record Refs(List<Ref> refs) implements Arg {
        public Refs {
            refs = List.copyOf(refs);
        }

        @Override
        public String toString() {
            return refs.toString();
        }
    }

    /** {@code int}, {@code SymInt} and an integral {@code Scalar}. */
    record Int(SymInt value) implements Arg {
        @Override
        public String toString() {
            return value.toString();
        }
    }

    record Ints(List<SymInt> values) implements Arg {
        public Ints {
            values = List.copyOf(values);
        }

        @Override
        public String toString() {
            return values.toString();
        }
    }

    record Real(double value) implements Arg {
        @Override
        public String toString() {
            return Double.isInfinite(value) ? (value > 0 ? "inf" : "-inf")
                : Double.isNaN(value) ? "nan" : Double.toString(value);
        }
    }

    record Reals(List<Double> values) implements Arg {
        public Reals {
            values = List.copyOf(values);
        }

        @Override
        public String toString() {
            return values.stream().map(v -> new Real(v).toString()).collect(Collectors.joining(", ", "r[", "]"));
        }
    }

    record Bool(boolean value) implements Arg {
        @Override
        public String toString() {
            return value ? "true" : "false";
        }
    }

    record Bools(List<Boolean> values) implements Arg {
        public Bools {
            values = List.copyOf(values);
        }

        @Override
        public String toString() {
            return values.toString();
        }
    }

    record Str(String value) implements Arg {
        @Override
        public String toString() {
            return "\"" + value.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
        }
    }

    record Type(DType value) implements Arg {
        @Override
        public String toString() {
            return value.text();
        }
    }

    record None() implements Arg {
        @Override
        public String toString() {
            return "none";
        }
    }

    static Ref ref(String node) {
        return new Ref(node, 0);
    }

    static Int of(long value) {
        return new Int(SymInt.of(value));
    }

    static Ints ints(long... values) {
        return new Ints(java.util.Arrays.stream(values).mapToObj(SymInt::of).toList());
    }

    /** The references in it, in order. */
    default List<Ref> references() {
        return switch (this) {
            case Ref ref -> List.of(ref);
            case Refs(List<Ref> refs) -> refs.stream().filter(r -> !r.equals(ABSENT)).toList();
            default -> List.of();
        };
    }

    /** The same argument with its references replaced. */
    default Arg mapReferences(java.util.function.UnaryOperator<Ref> mapping) {
        return switch (this) {
            case Ref ref -> mapping.apply(ref);
            case Refs(List<Ref> refs) -> new Refs(refs.stream().map(r -> r.equals(ABSENT) ? r : mapping.apply(r)).toList());
            default -> this;
        };
    }
}
