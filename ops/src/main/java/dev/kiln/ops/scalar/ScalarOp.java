package dev.kiln.ops.scalar;

import java.util.Locale;

/** The primitive operations on scalars. */
public enum ScalarOp {
    ADD(2), SUB(2), MUL(2),
    /** Floating division; on integers, division that truncates (the divisor is not zero). */
    DIV(2),
    /** Quotient rounded to minus infinity. */
    FLOOR_DIV(2),
    /** Remainder with the divisor's sign (Python's). */
    REMAINDER(2),
    /** Remainder with the dividend's sign (C's). */
    FMOD(2),
    POW(2),
    /** NaN if either is NaN. */
    MAX(2), MIN(2),
    ATAN2(2),
    BIT_AND(2), BIT_OR(2), BIT_XOR(2), SHIFT_LEFT(2), SHIFT_RIGHT(2),
    AND(2, true), OR(2, true), XOR(2, true),
    EQ(2, true), NE(2, true), LT(2, true), LE(2, true), GT(2, true), GE(2, true),
    NOT(1, true), IS_NAN(1, true), IS_INF(1, true),
    NEG(1), ABS(1), SIGN(1), BIT_NOT(1),
    SQRT(1), RSQRT(1), RECIPROCAL(1), EXP(1), EXPM1(1), LOG(1), LOG1P(1), LOG2(1), LOG10(1),
    SIN(1), COS(1), TAN(1), ASIN(1), ACOS(1), ATAN(1), SINH(1), COSH(1), TANH(1),
    ASINH(1), ACOSH(1), ATANH(1), ERF(1), SIGMOID(1),
    /** ROUND is to the nearest, ties to even. */
    FLOOR(1), CEIL(1), ROUND(1), TRUNC(1),
    /** To the dtype of the application; floating to integral truncates. */
    CAST(1),
    /** {@code CHECK_INDEX(index, size)}: wraps a negative index; one out of range fails the run. */
    CHECK_INDEX(2),
    /** {@code SELECT(condition, ifTrue, ifFalse)}. */
    SELECT(3);

    private final int arity;
    private final boolean predicate;

    ScalarOp(int arity) {
        this(arity, false);
    }

    ScalarOp(int arity, boolean predicate) {
        this.arity = arity;
        this.predicate = predicate;
    }

    public int arity() {
        return arity;
    }

    /** Whether the result is a truth value whatever the arguments are. */
    public boolean isPredicate() {
        return predicate;
    }

    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
