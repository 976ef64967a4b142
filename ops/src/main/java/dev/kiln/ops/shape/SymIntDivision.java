package dev.kiln.ops.shape;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Division of polynomials, as far as it stays exact. */
final class SymIntDivision {
    /** The order of monomials is not admissible in Buchberger's sense, so long division is bounded. */
    private static final int MAX_STEPS = 64;

    private SymIntDivision() {
    }

    static SymInt floorDiv(SymInt dividend, SymInt divisor) {
        if (divisor.is(0)) {
            throw new ArithmeticException("division of " + dividend + " by zero");
        }
        if (dividend.isConstant() && divisor.isConstant()) {
            return SymInt.of(floorDivExact(dividend.asLong(), divisor.asLong()));
        }
        Optional<SymInt> exact = exact(dividend, divisor);
        if (exact.isPresent()) {
            return exact.get();
        }
        Split split = split(dividend, divisor);
        if (!split.multiple.is(0)) {
            return split.multiple.plus(floorDiv(split.rest, divisor));
        }
        return SymInt.atom(new Atom.FloorDiv(dividend, divisor));
    }

    /** The one quotient that does not fit, of the least long by -1, is an error. */
    private static long floorDivExact(long dividend, long divisor) {
        return divisor == -1 ? Math.negateExact(dividend) : Math.floorDiv(dividend, divisor);
    }

    static SymInt mod(SymInt dividend, SymInt divisor) {
        if (divisor.is(0)) {
            throw new ArithmeticException("remainder of " + dividend + " by zero");
        }
        if (dividend.isConstant() && divisor.isConstant()) {
            return SymInt.of(Math.floorMod(dividend.asLong(), divisor.asLong()));
        }
        if (exact(dividend, divisor).isPresent()) {
            return SymInt.ZERO;
        }
        Split split = split(dividend, divisor);
        if (!split.multiple.is(0)) {
            return mod(split.rest, divisor);
        }
        return SymInt.atom(new Atom.Mod(dividend, divisor));
    }

    /** The quotient, if the dividend is a multiple of the divisor term by term (divisor of one term), or wholly. */
    static Optional<SymInt> exact(SymInt dividend, SymInt divisor) {
        if (divisor.is(0)) {
            return Optional.empty();
        }
        SymInt quotient = SymInt.ZERO;
        SymInt rest = dividend;
        Map.Entry<Monomial, Long> lead = leading(divisor);
        for (int step = 0; !rest.is(0); step++) {
            if (step > MAX_STEPS) {
                return Optional.empty();
            }
            Map.Entry<Monomial, Long> head = leading(rest);
            Optional<Monomial> monomial = head.getKey().dividedBy(lead.getKey());
            if (monomial.isEmpty() || head.getValue() % lead.getValue() != 0) {
                return Optional.empty();
            }
            SymInt term = term(monomial.get(), head.getValue() / lead.getValue());
            quotient = quotient.plus(term);
            rest = rest.minus(term.times(divisor));
        }
        return Optional.of(quotient);
    }

    private record Split(SymInt multiple, SymInt rest) {
    }

    /** dividend = multiple * divisor + rest, moving whole terms that the divisor (one term) divides. */
    private static Split split(SymInt dividend, SymInt divisor) {
        if (divisor.terms().size() != 1) {
            return new Split(SymInt.ZERO, dividend);
        }
        TreeMap<Monomial, Long> rest = new TreeMap<>();
        SymInt multiple = SymInt.ZERO;
        for (Map.Entry<Monomial, Long> entry : dividend.terms().entrySet()) {
            Optional<SymInt> quotient = exact(term(entry.getKey(), entry.getValue()), divisor);
            if (quotient.isPresent()) {
                multiple = multiple.plus(quotient.get());
            } else {
                rest.put(entry.getKey(), entry.getValue());
            }
        }
        return new Split(multiple, SymInt.ofTerms(rest));
    }

    private static Map.Entry<Monomial, Long> leading(SymInt polynomial) {
        return polynomial.terms().entrySet().iterator().next();
    }

    private static SymInt term(Monomial monomial, long coefficient) {
        TreeMap<Monomial, Long> terms = new TreeMap<>();
        terms.put(monomial, coefficient);
        return SymInt.ofTerms(terms);
    }
}
