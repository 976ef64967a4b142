package dev.kiln.ops.shape;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/**
 * An exact integer expression over symbols, kept as a polynomial whose atoms are symbols and the
 * non-polynomial forms floor division, modulo, max and min. Equal expressions have equal normal forms for
 * everything that {@code +}, {@code -} and {@code *} build, so structural equality decides shapes.
 */
public final class SymInt implements Comparable<SymInt> {
    public static final SymInt ZERO = of(0);
    public static final SymInt ONE = of(1);

    private final SortedMap<Monomial, Long> terms;
    private String text;

    private SymInt(SortedMap<Monomial, Long> terms) {
        this.terms = terms;
    }

    public static SymInt of(long value) {
        TreeMap<Monomial, Long> terms = new TreeMap<>();
        if (value != 0) {
            terms.put(Monomial.UNIT, value);
        }
        return new SymInt(terms);
    }

    public static SymInt symbol(String name) {
        return atom(new Atom.Symbol(name));
    }

    static SymInt atom(Atom atom) {
        TreeMap<Monomial, Long> terms = new TreeMap<>();
        terms.put(Monomial.of(atom), 1L);
        return new SymInt(terms);
    }

    /** Parses what {@link #toString()} prints. */
    public static SymInt parse(String text) {
        return SymIntText.parse(text);
    }

    /** The value, if no symbol is left. */
    public OptionalLong constant() {
        if (terms.isEmpty()) {
            return OptionalLong.of(0);
        }
        Long only = terms.size() == 1 ? terms.get(Monomial.UNIT) : null;
        return only == null ? OptionalLong.empty() : OptionalLong.of(only);
    }

    public boolean isConstant() {
        return constant().isPresent();
    }

    public boolean is(long value) {
        OptionalLong constant = constant();
        return constant.isPresent() && constant.getAsLong() == value;
    }

    /** The value of a constant expression; an error on a symbolic one. */
    public long asLong() {
        return constant().orElseThrow(() -> new IllegalStateException("not a constant size: " + this));
    }

    public SymInt plus(SymInt other) {
        TreeMap<Monomial, Long> sum = new TreeMap<>(terms);
        other.terms.forEach((m, c) -> addTerm(sum, m, c));
        return new SymInt(sum);
    }

    public SymInt plus(long other) {
        return plus(of(other));
    }

    public SymInt negate() {
        return times(of(-1));
    }

    public SymInt minus(SymInt other) {
        return plus(other.negate());
    }

    public SymInt times(SymInt other) {
        TreeMap<Monomial, Long> product = new TreeMap<>();
        terms.forEach((m, c) -> other.terms.forEach(
            (n, d) -> addTerm(product, m.times(n), Math.multiplyExact(c, d))));
        return new SymInt(product);
    }

    public SymInt times(long other) {
        return times(of(other));
    }

    /** Floor division (rounds to minus infinity), simplified where it is exact. */
    public SymInt floorDiv(SymInt divisor) {
        return SymIntDivision.floorDiv(this, divisor);
    }

    /** The remainder that belongs to {@link #floorDiv}; it has the divisor's sign. */
    public SymInt mod(SymInt divisor) {
        return SymIntDivision.mod(this, divisor);
    }

    public SymInt max(SymInt other) {
        return extreme(other, true);
    }

    public SymInt min(SymInt other) {
        return extreme(other, false);
    }

    /** Nested extremes are flattened, and candidates that differ from another by a constant are settled. */
    private SymInt extreme(SymInt other, boolean max) {
        TreeSet<SymInt> candidates = new TreeSet<>();
        collect(this, max, candidates);
        collect(other, max, candidates);
        candidates.removeIf(c -> candidates.stream().anyMatch(d -> {
            OptionalLong lead = d.minus(c).constant();
            return d != c && lead.isPresent() && (lead.getAsLong() > 0) == max;
        }));
        SymInt result = candidates.removeFirst();
        for (SymInt candidate : candidates) {
            result = atom(max ? new Atom.Max(result, candidate) : new Atom.Min(result, candidate));
        }
        return result;
    }

    private static void collect(SymInt value, boolean max, Set<SymInt> into) {
        boolean single = value.terms.size() == 1 && value.terms.values().iterator().next() == 1
            && value.terms.firstKey().factors().size() == 1;
        Atom only = single ? value.terms.firstKey().factors().getFirst() : null;
        switch (only) {
            case Atom.Max(SymInt a, SymInt b) when max -> {
                collect(a, true, into);
                collect(b, true, into);
            }
            case Atom.Min(SymInt a, SymInt b) when !max -> {
                collect(a, false, into);
                collect(b, false, into);
            }
            case null, default -> into.add(value);
        }
    }

    /** Polynomial division without remainder, if there is one. */
    public Optional<SymInt> dividedExactlyBy(SymInt divisor) {
        return SymIntDivision.exact(this, divisor);
    }

    public static SymInt product(Collection<SymInt> factors) {
        SymInt product = ONE;
        for (SymInt factor : factors) {
            product = product.times(factor);
        }
        return product;
    }

    /** Evaluates with a value for each symbol; overflow is an {@link ArithmeticException}. */
    public long evaluate(Function<String, Long> values) {
        long sum = 0;
        for (Map.Entry<Monomial, Long> term : terms.entrySet()) {
            sum = Math.addExact(sum, Math.multiplyExact(term.getValue(), term.getKey().evaluate(values)));
        }
        return sum;
    }

    /** Replaces symbols; those that the function answers with null stay. */
    public SymInt substitute(Function<String, SymInt> replacement) {
        if (isConstant()) {
            return this;
        }
        SymInt sum = ZERO;
        for (Map.Entry<Monomial, Long> term : terms.entrySet()) {
            sum = sum.plus(term.getKey().substitute(replacement).times(term.getValue()));
        }
        return sum;
    }

    public SymInt substitute(Map<String, SymInt> replacement) {
        return substitute(replacement::get);
    }

    /** Names of all symbols in it, sorted. */
    public Set<String> symbols() {
        TreeSet<String> symbols = new TreeSet<>();
        terms.keySet().forEach(m -> m.collectSymbols(symbols));
        return symbols;
    }

    /** Terms of the polynomial: monomial to coefficient, none of them zero. */
    public SortedMap<Monomial, Long> terms() {
        return terms;
    }

    static void addTerm(SortedMap<Monomial, Long> terms, Monomial monomial, long coefficient) {
        long sum = Math.addExact(terms.getOrDefault(monomial, 0L), coefficient);
        if (sum == 0) {
            terms.remove(monomial);
        } else {
            terms.put(monomial, sum);
        }
    }

    static SymInt ofTerms(SortedMap<Monomial, Long> terms) {
        return new SymInt(terms);
    }

    @Override
    public int compareTo(SymInt other) {
        return toString().compareTo(other.toString());
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof SymInt that && terms.equals(that.terms);
    }

    @Override
    public int hashCode() {
        return terms.hashCode();
    }

    @Override
    public String toString() {
        if (text == null) {
            text = SymIntText.print(terms);
        }
        return text;
    }
}
