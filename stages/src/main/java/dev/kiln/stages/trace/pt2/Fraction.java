package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.SymInt;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Optional;

/** An exact quotient of two size expressions: what stands between a division and its rounding. */
record Fraction(SymInt numerator, SymInt denominator) {
    private static final int MAX_POWER = 16;
    private static final int MAX_TERMS = 256;

    static Fraction of(SymInt value) {
        return new Fraction(value, SymInt.ONE);
    }

    /** A decimal number as it is written. */
    static Fraction parse(String decimal) {
        BigDecimal value = new BigDecimal(decimal);
        if (Math.abs(value.scale()) > 18) {
            throw new ArithmeticException("the number " + decimal + " has too many digits");
        }
        BigInteger scale = BigInteger.TEN.pow(Math.max(0, value.scale()));
        BigInteger scaled = value.multiply(new BigDecimal(scale)).toBigIntegerExact();
        BigInteger divisor = scaled.gcd(scale);
        return new Fraction(SymInt.of(scaled.divide(divisor).longValueExact()),
            SymInt.of(scale.divide(divisor).longValueExact()));
    }

    Fraction plus(Fraction other) {
        return reduced(product(numerator, other.denominator).plus(product(other.numerator, denominator)),
            product(denominator, other.denominator));
    }

    Fraction minus(Fraction other) {
        return plus(other.times(of(SymInt.of(-1))));
    }

    Fraction times(Fraction other) {
        return reduced(product(numerator, other.numerator), product(denominator, other.denominator));
    }

    Fraction dividedBy(Fraction other) {
        if (other.numerator.is(0)) {
            throw new ArithmeticException("division by zero");
        }
        return reduced(product(numerator, other.denominator), product(denominator, other.numerator));
    }

    Fraction power(Fraction exponent) {
        long count = exponent.whole().constant().orElseThrow(
            () -> new IllegalArgumentException("the power " + exponent + " is not a number"));
        if (count < -MAX_POWER || count > MAX_POWER) {
            throw new ArithmeticException("the power " + count + " is too high");
        }
        Fraction result = of(SymInt.ONE);
        for (int i = 0; i < Math.abs(count); i++) {
            result = result.times(this);
        }
        return count < 0 ? of(SymInt.ONE).dividedBy(result) : result;
    }

    SymInt floor() {
        return numerator.floorDiv(denominator);
    }

    SymInt ceiling() {
        return numerator.negate().floorDiv(denominator).negate();
    }

    /** Rounded towards zero. */
    Fraction truncated() {
        return isWhole() ? this : of(floor().max(SymInt.ZERO).plus(ceiling().min(SymInt.ZERO)));
    }

    boolean isWhole() {
        return denominator.is(1);
    }

    /** @throws KilnException.Unsupported if it may have a fractional part */
    SymInt whole() {
        if (!isWhole()) {
            throw new KilnException.Unsupported("the size " + this + " is not a whole number");
        }
        return numerator;
    }

    private static SymInt product(SymInt left, SymInt right) {
        SymInt product = left.times(right);
        if (product.terms().size() > MAX_TERMS) {
            throw new ArithmeticException("it has too many terms");
        }
        return product;
    }

    private static Fraction reduced(SymInt numerator, SymInt denominator) {
        Optional<SymInt> exact = numerator.dividedExactlyBy(denominator);
        if (exact.isPresent()) {
            return of(exact.get());
        }
        if (numerator.isConstant() && denominator.isConstant()) {
            BigInteger n = BigInteger.valueOf(numerator.asLong());
            BigInteger d = BigInteger.valueOf(denominator.asLong());
            BigInteger divisor = n.gcd(d).multiply(BigInteger.valueOf(d.signum()));
            return new Fraction(SymInt.of(n.divide(divisor).longValueExact()),
                SymInt.of(d.divide(divisor).longValueExact()));
        }
        return new Fraction(numerator, denominator);
    }

    @Override
    public String toString() {
        return isWhole() ? numerator.toString() : "(" + numerator + ") / (" + denominator + ")";
    }
}
