package dev.kiln.ops.scalar;

import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A typed expression over scalars: what an elementwise op does to one element, and the body of loop IR.
 * Every value has the dtype it is computed in.
 */
public sealed interface Scalar {
    DType dtype();

    /** The operand at that position of a {@link ScalarFormula}. */
    record Operand(int position, DType dtype) implements Scalar {
        @Override
        public String toString() {
            return "$" + position;
        }
    }

    /** A constant; integral and boolean dtypes use {@code integer}, floating ones {@code real}. */
    record Literal(double real, long integer, DType dtype) implements Scalar {
        @Override
        public String toString() {
            return (dtype.isFloating() ? Double.toString(real) : Long.toString(integer)) + ":" + dtype;
        }
    }

    /** A size or loop variable as a 64-bit integer. */
    record Index(SymInt value) implements Scalar {
        @Override
        public DType dtype() {
            return DType.I64;
        }

        @Override
        public String toString() {
            return "index(" + value + ")";
        }
    }

    /** One element of a buffer (loop IR); the index counts elements. */
    record Load(String buffer, SymInt index, DType dtype) implements Scalar {
        @Override
        public String toString() {
            return buffer + "[" + index + "]";
        }
    }

    /**
     * One element of a buffer whose index depends on loaded integers (loop IR): the symbols {@code _0}, {@code _1}...
     * in {@code index} stand for {@code indirect}.
     */
    record Gather(String buffer, SymInt index, List<Scalar> indirect, DType dtype) implements Scalar {
        public Gather {
            indirect = List.copyOf(indirect);
        }

        @Override
        public String toString() {
            return buffer + "[" + index + " | " + indirect + "]";
        }
    }

    record Apply(ScalarOp op, List<Scalar> args, DType dtype) implements Scalar {
        public Apply {
            args = List.copyOf(args);
            if (args.size() != op.arity()) {
                throw new IllegalArgumentException(op + " takes " + op.arity() + " values, got " + args.size());
            }
        }

        @Override
        public String toString() {
            String list = args.toString();
            return (op == ScalarOp.CAST ? dtype.text() : op.text()) + "(" + list.substring(1, list.length() - 1) + ")";
        }
    }

    static Scalar literal(double value, DType dtype) {
        return dtype.isFloating() ? new Literal(value, 0, dtype) : literal((long) value, dtype);
    }

    static Scalar literal(long value, DType dtype) {
        return dtype.isFloating() ? new Literal(value, 0, dtype)
            : new Literal(0, dtype == DType.BOOL && value != 0 ? 1 : value, dtype);
    }

    /** Applies an op whose result has the dtype of its first argument. */
    static Scalar of(ScalarOp op, Scalar... args) {
        return new Apply(op, Arrays.asList(args), op.isPredicate() ? DType.BOOL : args[0].dtype());
    }

    static Scalar select(Scalar condition, Scalar ifTrue, Scalar ifFalse) {
        return new Apply(ScalarOp.SELECT, List.of(condition, ifTrue, ifFalse), ifTrue.dtype());
    }

    default Scalar cast(DType to) {
        if (to == dtype()) {
            return this;
        }
        if (this instanceof Literal(double real, long integer, DType from)) {
            if (from.isFloating() && to.isFloating()) {
                return literal(real, to);
            }
            if (!from.isFloating() && (to == DType.I64 || to.isFloating())) {
                return literal(integer, to);
            }
        }
        return new Apply(ScalarOp.CAST, List.of(this), to);
    }

    /**
     * As {@link #cast}, to a value that a tensor of the dtype can hold: a number that an op computes with keeps its
     * precision ({@code x + 0.1} adds 0.1 in f32, whatever x is), an element of a tensor does not.
     */
    default Scalar stored(DType to) {
        return cast(to) instanceof Literal(double real, long integer, DType dtype) && dtype.isFloating()
            ? new Literal(Storage.round(real, dtype), integer, dtype) : cast(to);
    }

    /** Rebuilds the expression bottom-up, each leaf and node passed through the function. */
    default Scalar rewrite(UnaryOperator<Scalar> function) {
        Scalar inner = switch (this) {
            case Apply(ScalarOp op, List<Scalar> args, DType dtype) ->
                new Apply(op, args.stream().map(a -> a.rewrite(function)).toList(), dtype);
            case Gather(String buffer, SymInt index, List<Scalar> indirect, DType dtype) ->
                new Gather(buffer, index, indirect.stream().map(a -> a.rewrite(function)).toList(), dtype);
            default -> this;
        };
        return function.apply(inner);
    }
}
