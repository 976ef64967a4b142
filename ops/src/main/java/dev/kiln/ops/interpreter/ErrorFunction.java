package dev.kiln.ops.interpreter;

/**
 * erf to double precision: the Maclaurin series near zero, a continued fraction for the tail (Abramowitz and
 * Stegun, 7.1.5 and 7.1.14).
 */
final class ErrorFunction {
    private static final double TWO_OVER_ROOT_PI = 2 / Math.sqrt(Math.PI);

    private ErrorFunction() {
    }

    static double erf(double x) {
        double a = Math.abs(x);
        if (Double.isNaN(x)) {
            return x;
        }
        return Math.copySign(a < 2.5 ? series(a) : a > 6 ? 1 : 1 - tail(a), x);
    }

    /**
     * 2/sqrt(pi) e^(-x^2) sum of 2^n x^(2n+1) / (1 3 5 ... (2n+1)): all terms are positive, so nothing
     * cancels.
     */
    private static double series(double x) {
        double term = x;
        double sum = x;
        for (int n = 1; term > sum * 1e-18; n++) {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }
        return TWO_OVER_ROOT_PI * Math.exp(-x * x) * sum;
    }

    /** erfc by the continued fraction, evaluated from its far end. */
    private static double tail(double x) {
        double fraction = x;
        for (int n = 80; n > 0; n--) {
            fraction = x + 0.5 * n / fraction;
        }
        return Math.exp(-x * x) / (fraction * Math.sqrt(Math.PI));
    }
}
