package dev.kiln.ops.interpreter;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.scalar.ScalarOp;

/** {@link ScalarOp} on integers and booleans held in a long. The caller wraps the result to its dtype. */
final class IntegerArithmetic {
    private IntegerArithmetic() {
    }

    static long unary(ScalarOp op, long x, DType dtype) {
        return switch (op) {
            case NEG -> -x;
            case ABS -> dtype == DType.U64 ? x : Math.abs(x);
            case SIGN -> dtype == DType.U64 ? Math.min(1, x & Long.MAX_VALUE | x >>> 63) : Long.signum(x);
            case BIT_NOT -> ~x;
            case FLOOR, CEIL, ROUND, TRUNC -> x;
            default -> throw new IllegalArgumentException(op + " is not defined on one integer");
        };
    }

    static long binary(ScalarOp op, long x, long y, DType dtype) {
        return dtype == DType.U64 ? unsigned(op, x, y) : signed(op, x, y, dtype);
    }

    /** On 64 bits without a sign. */
    private static long unsigned(ScalarOp op, long x, long y) {
        return switch (op) {
            case DIV, FLOOR_DIV -> Long.divideUnsigned(x, divisor(y));
            case REMAINDER, FMOD -> Long.remainderUnsigned(x, divisor(y));
            case MAX -> Long.compareUnsigned(x, y) > 0 ? x : y;
            case MIN -> Long.compareUnsigned(x, y) < 0 ? x : y;
            case SHIFT_RIGHT -> outOfWord(y, DType.U64) ? 0 : x >>> y;
            default -> signed(op, x, y, DType.U64);
        };
    }

    private static long signed(ScalarOp op, long x, long y, DType dtype) {
        return switch (op) {
            case ADD -> x + y;
            case SUB -> x - y;
            case MUL -> x * y;
            case DIV -> x / divisor(y);
            case FLOOR_DIV -> Math.floorDiv(x, divisor(y));
            case REMAINDER -> Math.floorMod(x, divisor(y));
            case FMOD -> x % divisor(y);
            case POW -> power(x, y);
            case MAX -> Math.max(x, y);
            case MIN -> Math.min(x, y);
            case CHECK_INDEX -> index(x, y);
            case BIT_AND -> x & y;
            case BIT_OR -> x | y;
            case BIT_XOR -> x ^ y;
            case SHIFT_LEFT -> outOfWord(y, dtype) ? 0 : x << y;
            case SHIFT_RIGHT -> outOfWord(y, dtype) ? (x < 0 ? -1 : 0) : x >> y;
            default -> throw new IllegalArgumentException(op + " is not defined on integers");
        };
    }

    static boolean compare(ScalarOp op, long x, long y, DType dtype) {
        boolean ordered = op == ScalarOp.LT || op == ScalarOp.LE || op == ScalarOp.GT || op == ScalarOp.GE;
        return dtype == DType.U64 && ordered
            ? compare(op, x ^ Long.MIN_VALUE, y ^ Long.MIN_VALUE) : compare(op, x, y);
    }

    private static boolean compare(ScalarOp op, long x, long y) {
        return switch (op) {
            case EQ -> x == y;
            case NE -> x != y;
            case LT -> x < y;
            case LE -> x <= y;
            case GT -> x > y;
            case GE -> x >= y;
            case AND -> x != 0 && y != 0;
            case OR -> x != 0 || y != 0;
            case XOR -> (x != 0) != (y != 0);
            default -> throw new IllegalArgumentException(op + " does not compare integers");
        };
    }

    static boolean test(ScalarOp op, long x) {
        return switch (op) {
            case NOT -> x == 0;
            case IS_NAN, IS_INF -> false;
            default -> throw new IllegalArgumentException(op + " does not test an integer");
        };
    }

    private static long divisor(long y) {
        if (y == 0) {
            throw new KilnException.BadInput("integer division by zero");
        }
        return y;
    }

    /** A negative index counts from the end. */
    private static long index(long index, long size) {
        if (index < -size || index >= size) {
            throw new KilnException.BadInput("index " + index + " is out of range for size " + size);
        }
        return index < 0 ? index + size : index;
    }

    private static boolean outOfWord(long shift, DType dtype) {
        return shift < 0 || shift >= 8L * dtype.bytes();
    }

    /** By squaring, wrapping around; a negative exponent gives the truncated quotient. */
    private static long power(long base, long exponent) {
        if (exponent < 0) {
            return base == 1 ? 1 : base == -1 ? ((exponent & 1) == 0 ? 1 : -1) : 0;
        }
        long result = 1;
        for (long square = base, rest = exponent; rest > 0; rest >>= 1, square *= square) {
            if ((rest & 1) != 0) {
                result *= square;
            }
        }
        return result;
    }
}
