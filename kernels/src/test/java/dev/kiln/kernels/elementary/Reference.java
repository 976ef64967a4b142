package dev.kiln.kernels.elementary;

import java.math.BigDecimal;
import java.math.MathContext;

/** Functions in double precision that {@link StrictMath} lacks. */
final class Reference {
    private static final MathContext DIGITS = new MathContext(60);
    private static final BigDecimal NEGLIGIBLE = new BigDecimal("1e-40");
    private static final BigDecimal TWO_OVER_ROOT_PI =
            new BigDecimal("1.12837916709551257389615890312154517168810125865799771368817");

    private Reference() {}

    /** erf by its Taylor series below 2.5, else by the continued fraction of erfc. */
    static double erf(double x) {
        double a = Math.abs(x);
        if (Double.isNaN(x) || a > 6.5) {
            return Double.isNaN(x) ? x : Math.signum(x);
        }
        return Math.copySign(a < 2.5 ? erfSeries(a) : 1 - erfcFraction(a), x);
    }

    /** 2/sqrt(pi) exp(-x^2) sum of 2^n x^(2n+1) / (2n+1)!!, all terms positive. */
    private static double erfSeries(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; term > sum * 1e-18; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return 2 / Math.sqrt(Math.PI) * StrictMath.exp(-x * x) * sum;
    }

    private static double erfcFraction(double x) {
        double tail = 0;
        for (int n = 120; n >= 1; n--) {
            tail = n / 2.0 / (x + tail);
        }
        return StrictMath.exp(-x * x) / Math.sqrt(Math.PI) / (x + tail);
    }

    /** erf to full double precision by the Taylor series in 60 digits; slow. */
    static double exactErf(double x) {
        if (Double.isNaN(x) || Math.abs(x) > 6.5) {
            return Double.isNaN(x) ? x : Math.signum(x);
        }
        BigDecimal square = new BigDecimal(x).pow(2, DIGITS).negate();
        BigDecimal power = new BigDecimal(x).round(DIGITS);
        BigDecimal sum = power;
        for (int n = 1; n < 400 && power.signum() != 0; n++) {
            power = power.multiply(square, DIGITS).divide(BigDecimal.valueOf(n), DIGITS);
            BigDecimal term = power.divide(BigDecimal.valueOf(2L * n + 1), DIGITS);
            sum = sum.add(term, DIGITS);
            if (n > 100 && term.abs().compareTo(NEGLIGIBLE) < 0) {
                break;
            }
        }
        return x == 0 ? x : sum.multiply(TWO_OVER_ROOT_PI, DIGITS).doubleValue();
    }

    /** C's pow where Java's differs: one to any power, and minus one to an infinite power, are one. */
    static double pow(double x, double e) {
        return x == 1 || x == -1 && Double.isInfinite(e) ? 1 : StrictMath.pow(x, e);
    }

    static double sigmoid(double x) {
        return x < 0 ? StrictMath.exp(x) / (1 + StrictMath.exp(x)) : 1 / (1 + StrictMath.exp(-x));
    }

    static double log2(double x) {
        return StrictMath.log(x) / StrictMath.log(2);
    }

    static double asinh(double x) {
        double a = Math.abs(x);
        return Math.copySign(StrictMath.log1p(a + a * a / (1 + Math.sqrt(1 + a * a))), x);
    }

    static double acosh(double x) {
        return x < 1 ? Double.NaN : StrictMath.log1p(x - 1 + Math.sqrt((x - 1) * (x + 1)));
    }

    static double atanh(double x) {
        return Math.copySign(0.5 * StrictMath.log1p(2 * Math.abs(x) / (1 - Math.abs(x))), x);
    }

    static double geluErf(double x) {
        return 0.5 * x * (1 + erf(x * Math.sqrt(0.5)));
    }

    static double geluTanh(double x) {
        return 0.5 * x * (1 + StrictMath.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    static double truncate(double x) {
        return x < 0 ? Math.ceil(x) : Math.floor(x);
    }

    /** Distance of a float to the true value in units of the last place of the true value as a float. */
    static double ulps(float actual, double expected) {
        if (Float.isNaN(actual) || Double.isNaN(expected)) {
            return Float.isNaN(actual) && Double.isNaN(expected) ? 0 : Double.POSITIVE_INFINITY;
        }
        float rounded = (float) expected;
        if (actual == rounded) {
            return Float.floatToRawIntBits(actual) == Float.floatToRawIntBits(rounded) ? 0
                    : Double.POSITIVE_INFINITY;
        }
        if (Float.isInfinite(actual) || Float.isInfinite(rounded)) {
            return Math.min(Math.abs(actual), Math.abs(rounded)) == Float.MAX_VALUE ? 1
                    : Double.POSITIVE_INFINITY;
        }
        return Math.abs(actual - expected) / Math.ulp(rounded);
    }

    static double ulps(double actual, double expected) {
        if (Double.compare(actual, expected) == 0) {
            return 0;
        }
        boolean ordinary = Double.isFinite(actual) && Double.isFinite(expected) && actual != expected;
        return ordinary ? Math.abs(actual - expected) / Math.ulp(expected) : Double.POSITIVE_INFINITY;
    }
}
