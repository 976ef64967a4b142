package dev.kiln.ops.interpreter;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.scalar.Storage;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Function;

/**
 * Evaluates {@link Scalar} expressions exactly as their dtypes say: every step on f32 is rounded to f32,
 * integers wrap around, floating to integral truncates. Steps on f16 and bf16 are computed in f32, as PyTorch
 * does; only a cast rounds to them.
 */
public final class ScalarEvaluator {
    /** An expression ready to run. Its value is a long; a floating one the raw bits of a double. */
    @FunctionalInterface
    public interface Cell {
        /** @param operands values of the operands by position, in the same encoding */
        long at(long[] operands);

        default double real(long[] operands) {
            return Double.longBitsToDouble(at(operands));
        }
    }

    private ScalarEvaluator() {
    }

    /** @param leaves gives the cells of {@code Index}, {@code Load} and {@code Gather} leaves */
    public static Cell compile(Scalar scalar, Function<Scalar, Cell> leaves) {
        return switch (scalar) {
            case Scalar.Operand(int position, DType ignored) -> operands -> operands[position];
            case Scalar.Literal literal -> constant(literal);
            case Scalar.Index index -> leaves.apply(index);
            case Scalar.Load load -> leaves.apply(load);
            case Scalar.Gather gather -> leaves.apply(gather);
            case Scalar.Apply apply -> application(apply, leaves);
        };
    }

    private static Cell constant(Scalar.Literal literal) {
        long bits = literal.dtype().isFloating()
            ? bits(rounding(literal.dtype()).applyAsDouble(literal.real()))
            : wrap(literal.integer(), literal.dtype());
        return operands -> bits;
    }

    private static Cell application(Scalar.Apply apply, Function<Scalar, Cell> leaves) {
        ScalarOp op = apply.op();
        List<Cell> args = apply.args().stream().map(a -> compile(a, leaves)).toList();
        DType from = apply.args().getFirst().dtype();
        if (op == ScalarOp.CAST) {
            return cast(args.getFirst(), from, apply.dtype());
        }
        if (op == ScalarOp.SELECT) {
            requireSame(apply, apply.args().get(1).dtype(), apply.args().get(2).dtype());
            return operands -> args.get(args.get(0).at(operands) != 0 ? 1 : 2).at(operands);
        }
        if (args.size() == 1) {
            return from.isFloating() ? realUnary(op, args.getFirst(), from)
                : integerUnary(op, args.getFirst(), from);
        }
        requireSame(apply, from, apply.args().get(1).dtype());
        Cell x = args.get(0);
        Cell y = args.get(1);
        return from.isFloating() ? realBinary(op, x, y, from) : integerBinary(op, x, y, from);
    }

    private static void requireSame(Scalar.Apply apply, DType a, DType b) {
        if (a != b) {
            throw new IllegalStateException("operands of dtypes " + a + " and " + b + " in " + apply);
        }
    }

    private static Cell realUnary(ScalarOp op, Cell x, DType dtype) {
        if (op.isPredicate()) {
            return v -> RealArithmetic.test(op, x.real(v)) ? 1 : 0;
        }
        DoubleUnaryOperator round = rounding(dtype);
        return v -> bits(round.applyAsDouble(RealArithmetic.unary(op, x.real(v))));
    }

    private static Cell realBinary(ScalarOp op, Cell x, Cell y, DType dtype) {
        if (op.isPredicate()) {
            return v -> RealArithmetic.compare(op, x.real(v), y.real(v)) ? 1 : 0;
        }
        DoubleUnaryOperator round = rounding(dtype);
        return v -> bits(round.applyAsDouble(RealArithmetic.binary(op, x.real(v), y.real(v), round)));
    }

    private static Cell integerUnary(ScalarOp op, Cell x, DType dtype) {
        if (op.isPredicate()) {
            return v -> IntegerArithmetic.test(op, x.at(v)) ? 1 : 0;
        }
        return v -> wrap(IntegerArithmetic.unary(op, x.at(v), dtype), dtype);
    }

    private static Cell integerBinary(ScalarOp op, Cell x, Cell y, DType dtype) {
        if (op.isPredicate()) {
            return v -> IntegerArithmetic.compare(op, x.at(v), y.at(v), dtype) ? 1 : 0;
        }
        return v -> wrap(IntegerArithmetic.binary(op, x.at(v), y.at(v), dtype), dtype);
    }

    private static Cell cast(Cell x, DType from, DType to) {
        if (to.isFloating()) {
            return from.isFloating() ? v -> bits(Storage.round(x.real(v), to))
                : from == DType.U64 ? v -> bits(Storage.round(ConstantValue.unsigned(x.at(v)), to))
                : v -> bits(fromInteger(x.at(v), to));
        }
        if (from.isFloating()) {
            return to == DType.BOOL ? v -> x.real(v) != 0 ? 1 : 0
                : to == DType.U64 ? v -> ConstantValue.unsigned(x.real(v)) : v -> wrap((long) x.real(v), to);
        }
        return v -> wrap(x.at(v), to);
    }

    static long bits(double value) {
        return Double.doubleToRawLongBits(value);
    }

    /** To the precision that the dtype is computed in. */
    private static DoubleUnaryOperator rounding(DType dtype) {
        return dtype == DType.F64 ? x -> x : x -> (float) x;
    }

    private static double fromInteger(long value, DType dtype) {
        return dtype == DType.F64 ? value : Storage.round((float) value, dtype);
    }

    static long wrap(long value, DType dtype) {
        return switch (dtype) {
            case BOOL -> value != 0 ? 1 : 0;
            case U8 -> value & 0xff;
            case U16 -> value & 0xffff;
            case U32 -> value & 0xffffffffL;
            case I8 -> (byte) value;
            case I16 -> (short) value;
            case I32 -> (int) value;
            default -> value;
        };
    }
}
