package dev.kiln.ops.shape;

import java.util.Map;
import java.util.function.Function;

/** An inclusive interval; the ends saturate at {@code Long.MIN_VALUE} and {@code Long.MAX_VALUE} as infinities. */
public record Bounds(long min, long max) {
    public static final Bounds ALL = new Bounds(Long.MIN_VALUE, Long.MAX_VALUE);

    static Bounds of(SymInt size, Function<String, Bounds> symbols) {
        Bounds sum = new Bounds(0, 0);
        for (Map.Entry<Monomial, Long> term : size.terms().entrySet()) {
            Bounds product = new Bounds(term.getValue(), term.getValue());
            for (Atom factor : term.getKey().factors()) {
                product = product.times(of(factor, symbols));
            }
            sum = sum.plus(product);
        }
        return sum;
    }

    private static Bounds of(Atom atom, Function<String, Bounds> symbols) {
        return switch (atom) {
            case Atom.Symbol(String name) -> symbols.apply(name);
            case Atom.FloorDiv(SymInt a, SymInt b) -> of(a, symbols).floorDiv(of(b, symbols));
            case Atom.Mod(SymInt a, SymInt b) -> of(b, symbols).remainder(of(a, symbols));
            case Atom.Max(SymInt a, SymInt b) -> {
                Bounds x = of(a, symbols);
                Bounds y = of(b, symbols);
                yield new Bounds(Math.max(x.min, y.min), Math.max(x.max, y.max));
            }
            case Atom.Min(SymInt a, SymInt b) -> {
                Bounds x = of(a, symbols);
                Bounds y = of(b, symbols);
                yield new Bounds(Math.min(x.min, y.min), Math.min(x.max, y.max));
            }
        };
    }

    private Bounds plus(Bounds other) {
        return new Bounds(add(min, other.min), add(max, other.max));
    }

    private Bounds times(Bounds other) {
        long a = multiply(min, other.min);
        long b = multiply(min, other.max);
        long c = multiply(max, other.min);
        long d = multiply(max, other.max);
        return new Bounds(Math.min(Math.min(a, b), Math.min(c, d)), Math.max(Math.max(a, b), Math.max(c, d)));
    }

    private Bounds floorDiv(Bounds divisor) {
        if (divisor.min <= 0 || min < 0) {
            return ALL;
        }
        long low = divisor.max == Long.MAX_VALUE ? 0 : min / divisor.max;
        long high = max == Long.MAX_VALUE ? Long.MAX_VALUE : max / divisor.min;
        return new Bounds(low, high);
    }

    /** This is the divisor's interval. */
    private Bounds remainder(Bounds dividend) {
        if (min <= 0) {
            return ALL;
        }
        long top = max == Long.MAX_VALUE ? Long.MAX_VALUE : max - 1;
        return new Bounds(0, dividend.min >= 0 ? Math.min(top, dividend.max) : top);
    }

    private static long add(long a, long b) {
        if (infinite(a)) {
            return a;
        }
        if (infinite(b)) {
            return b;
        }
        long sum = a + b;
        boolean overflow = ((a ^ sum) & (b ^ sum)) < 0;
        return overflow ? (a < 0 ? Long.MIN_VALUE : Long.MAX_VALUE) : sum;
    }

    private static long multiply(long a, long b) {
        if (a == 0 || b == 0) {
            return 0;
        }
        long high = Math.multiplyHigh(a, b);
        long low = a * b;
        boolean fits = !infinite(a) && !infinite(b) && high == (low >> 63);
        return fits ? low : (a < 0) == (b < 0) ? Long.MAX_VALUE : Long.MIN_VALUE;
    }

    private static boolean infinite(long a) {
        return a == Long.MIN_VALUE || a == Long.MAX_VALUE;
    }
}
