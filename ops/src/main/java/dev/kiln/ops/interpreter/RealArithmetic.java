package dev.kiln.ops.interpreter;

import dev.kiln.ops.scalar.ScalarOp;
import java.util.function.DoubleUnaryOperator;

/**
 * {@link ScalarOp} on floating-point numbers, computed in double. The caller rounds the result to its dtype;
 * for the basic operations on f32 that gives exactly the f32 result (53 bits are more than 2 * 24 + 2).
 */
final class RealArithmetic {
    private RealArithmetic() {
    }

    static double unary(ScalarOp op, double x) {
        return switch (op) {
            case NEG -> -x;
            case ABS -> Math.abs(x);
            case SIGN -> Double.isNaN(x) ? 0 : Math.signum(x);
            case SQRT -> Math.sqrt(x);
            case RSQRT -> 1 / Math.sqrt(x);
            case RECIPROCAL -> 1 / x;
            case EXP -> Math.exp(x);
            case EXPM1 -> Math.expm1(x);
            case LOG -> Math.log(x);
            case LOG1P -> Math.log1p(x);
            case LOG2 -> log2(x);
            case LOG10 -> Math.log10(x);
            case SIN -> Math.sin(x);
            case COS -> Math.cos(x);
            case TAN -> Math.tan(x);
            case ASIN -> Math.asin(x);
            case ACOS -> Math.acos(x);
            case ATAN -> Math.atan(x);
            case SINH -> Math.sinh(x);
            case COSH -> Math.cosh(x);
            case TANH -> Math.tanh(x);
            case ASINH -> asinh(x);
            case ACOSH -> acosh(x);
            case ATANH -> 0.5 * (Math.log1p(x) - Math.log1p(-x));
            case ERF -> ErrorFunction.erf(x);
            case SIGMOID -> 1 / (1 + Math.exp(-x));
            case FLOOR -> Math.floor(x);
            case CEIL -> Math.ceil(x);
            case ROUND -> Math.rint(x);
            case TRUNC -> x < 0 ? Math.ceil(x) : Math.floor(x);
            default -> throw new IllegalArgumentException(op
                + " is not defined on one floating-point number");
        };
    }

    /** @param round rounds to the dtype, for the ops that take several steps */
    static double binary(ScalarOp op, double x, double y, DoubleUnaryOperator round) {
        return switch (op) {
            case ADD -> x + y;
            case SUB -> x - y;
            case MUL -> x * y;
            case DIV -> x / y;
            case FLOOR_DIV -> floorDivide(x, y, round);
            case REMAINDER -> remainder(x, y);
            case FMOD -> x % y;
            case POW -> power(x, y);
            case MAX -> Math.max(x, y);
            case MIN -> Math.min(x, y);
            case ATAN2 -> Math.atan2(x, y);
            default -> throw new IllegalArgumentException(op + " is not defined on floating-point numbers");
        };
    }

    static boolean compare(ScalarOp op, double x, double y) {
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
            default -> throw new IllegalArgumentException(op + " does not compare floating-point numbers");
        };
    }

    static boolean test(ScalarOp op, double x) {
        return switch (op) {
            case NOT -> x == 0;
            case IS_NAN -> Double.isNaN(x);
            case IS_INF -> Double.isInfinite(x);
            default -> throw new IllegalArgumentException(op + " does not test a floating-point number");
        };
    }

    /** Python's and PyTorch's floor division: the quotient of what the remainder leaves, not floor(x / y). */
    private static double floorDivide(double x, double y, DoubleUnaryOperator round) {
        if (y == 0) {
            return x / y;
        }
        double rest = x % y;
        double quotient = round.applyAsDouble(round.applyAsDouble(x - rest) / y);
        if (rest != 0 && (y < 0) != (rest < 0)) {
            quotient = round.applyAsDouble(quotient - 1);
        }
        if (quotient == 0) {
            return Math.copySign(0, x / y);
        }
        double floor = Math.floor(quotient);
        return quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static double remainder(double x, double y) {
        double rest = x % y;
        return rest != 0 && (y < 0) != (rest < 0) ? rest + y : rest;
    }

    /** C's pow, which unlike Java's gives 1 for 1^NaN and (-1)^inf. */
    private static double power(double x, double y) {
        return x == 1 || (x == -1 && Double.isInfinite(y)) ? 1 : Math.pow(x, y);
    }

    private static double log2(double x) {
        int exponent = Math.getExponent(x);
        boolean powerOfTwo = x > 0 && exponent <= Double.MAX_EXPONENT && x == Math.scalb(1.0, exponent);
        return powerOfTwo ? exponent : Math.log(x) / Math.log(2);
    }

    private static double asinh(double x) {
        double a = Math.abs(x);
        double value = a > 1e150 ? Math.log(a) + Math.log(2)
            : Math.log1p(a + a * a / (1 + Math.sqrt(1 + a * a)));
        return Math.copySign(value, x);
    }

    private static double acosh(double x) {
        double t = x - 1;
        if (t < 0) {
            return Double.NaN;
        }
        return x > 1e150 ? Math.log(x) + Math.log(2) : Math.log1p(t + Math.sqrt(t * (t + 2)));
    }
}
