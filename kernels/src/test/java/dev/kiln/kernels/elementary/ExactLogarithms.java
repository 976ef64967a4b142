package dev.kiln.kernels.elementary;

import java.math.BigDecimal;
import java.math.MathContext;

/** Logarithms and inverse hyperbolic functions to full double precision, in 60 digits; slow. */
final class ExactLogarithms {
    private static final MathContext DIGITS = new MathContext(60);
    private static final BigDecimal NEGLIGIBLE = new BigDecimal("1e-55");
    private static final BigDecimal LN_2 = log(2, BigDecimal.TWO);
    private static final double TINY = 1e-12;

    private ExactLogarithms() {}

    static double log2(double x) {
        if (!(x > 0) || Double.isInfinite(x)) {
            return StrictMath.log(x);
        }
        int e = Math.getExponent(x);
        BigDecimal rest = new BigDecimal(Math.scalb(x, -e));
        return log(rest.doubleValue(), rest).divide(LN_2, DIGITS).add(BigDecimal.valueOf(e)).doubleValue();
    }

    static double asinh(double x) {
        if (!Double.isFinite(x) || Math.abs(x) < TINY) {
            return x;
        }
        BigDecimal a = new BigDecimal(Math.abs(x));
        BigDecimal root = a.multiply(a).add(BigDecimal.ONE).sqrt(DIGITS);
        return Math.copySign(log(a.add(root)), x);
    }

    static double acosh(double x) {
        if (!(x > 1) || Double.isInfinite(x)) {
            return x < 1 ? Double.NaN : x == 1 ? 0 : x;
        }
        BigDecimal a = new BigDecimal(x);
        return log(a.add(a.multiply(a).subtract(BigDecimal.ONE).sqrt(DIGITS)));
    }

    static double atanh(double x) {
        if (!(Math.abs(x) < 1) || Math.abs(x) < TINY) {
            return Math.abs(x) == 1 ? x / 0 : Math.abs(x) < 1 ? x : Double.NaN;
        }
        BigDecimal a = new BigDecimal(x);
        return log(BigDecimal.ONE.add(a).divide(BigDecimal.ONE.subtract(a), DIGITS)) / 2;
    }

    private static double log(BigDecimal x) {
        int digits = x.precision() - x.scale();
        BigDecimal scaled = x.scaleByPowerOfTen(-digits);
        BigDecimal powers = log(10, BigDecimal.TEN).multiply(BigDecimal.valueOf(digits));
        return log(scaled.doubleValue(), scaled).add(powers).doubleValue();
    }

    /** log x = y + log(x exp(-y)) for y near log x, whose second term is a short series. */
    private static BigDecimal log(double near, BigDecimal x) {
        BigDecimal y = new BigDecimal(StrictMath.log(near));
        BigDecimal term = BigDecimal.ONE;
        BigDecimal exp = term;
        for (int n = 1; term.abs().compareTo(NEGLIGIBLE) > 0; n++) {
            term = term.multiply(y, DIGITS).divide(BigDecimal.valueOf(-n), DIGITS);
            exp = exp.add(term, DIGITS);
        }
        BigDecimal f = x.multiply(exp, DIGITS).subtract(BigDecimal.ONE);
        BigDecimal square = f.multiply(f);
        return y.add(f).subtract(square.divide(BigDecimal.TWO, DIGITS))
                .add(square.multiply(f).divide(BigDecimal.valueOf(3), DIGITS), DIGITS);
    }
}
