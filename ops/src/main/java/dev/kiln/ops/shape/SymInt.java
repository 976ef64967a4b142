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
    /** Numbers from -1 on that are made once. */
    private static final SymInt[] SMALL = small();
    public static final SymInt ZERO = of(0);
    public static final SymInt ONE = of(1);

    /** Null for a number: most expressions are one, and they are to be cheap. */
    private final SortedMap<Monomial, Long> terms;
    private final long number;
    private String text;

    private SymInt(SortedMap<Monomial, Long> terms, long number) {
        this.terms = terms;
        this.number = number;
    }

    private static SymInt[] small() {
        SymInt[] small = new SymInt[258];
        for (int i = 0; i < small.length; i++) {
            small[i] = new SymInt(null, i - 1);
        }
        return small;
    }

    public static SymInt of(long value) {
        return value >= -1 && value < SMALL.length - 1 ? SMALL[(int) value + 1] : new SymInt(null, value);
    }

    public static SymInt symbol(String name) {
        return atom(new Atom.Symbol(name));
    }

    static SymInt atom(Atom atom) {
        TreeMap<Monomial, Long> terms = new TreeMap<>();
        terms.put(Monomial.of(atom), 1L);
        return new SymInt(terms, 0);
    }

    /** Parses what {@link #toString()} prints. */
    public static SymInt parse(String text) {
        return SymIntText.parse(text);
    }

    /** The value, if no symbol is left. */
    public OptionalLong constant() {
        return isConstant() ? OptionalLong.of(number) : OptionalLong.empty();
    }

    public boolean isConstant() {
        return terms == null;
    }

    public boolean is(long value) {
        return isConstant() && number == value;
    }

    /** The value of a constant expression; an error on a symbolic one. */
    public long asLong() {
        if (!isConstant()) {
            throw new IllegalStateException("not a constant size: " + this);
        }
        return number;
    }

    public SymInt plus(SymInt other) {
        if (isConstant() && other.isConstant()) {
            return of(Math.addExact(number, other.number));
        }
        TreeMap<Monomial, Long> sum = new TreeMap<>(terms());
        other.terms().forEach((m, c) -> addTerm(sum, m, c));
        return ofTerms(sum);
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
        if (isConstant() && other.isConstant()) {
            return of(Math.multiplyExact(number, other.number));
        }
        TreeMap<Monomial, Long> product = new TreeMap<>();
        terms().forEach((m, c) -> other.terms().forEach(
            (n, d) -> addTerm(product, m.times(n), Math.multiplyExact(c, d))));
        return ofTerms(product);
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
        SortedMap<Monomial, Long> terms = value.terms();
        boolean single = terms.size() == 1 && terms.values().iterator().next() == 1
            && terms.firstKey().factors().size() == 1;
        Atom only = single ? terms.firstKey().factors().getFirst() : null;
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
        if (isConstant()) {
            return number;
        }
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
        if (isConstant()) {
            return Set.of();
        }
        TreeSet<String> symbols = new TreeSet<>();
        terms.keySet().forEach(m -> m.collectSymbols(symbols));
        return symbols;
    }

    /** Terms of the polynomial: monomial to coefficient, none of them zero. */
    public SortedMap<Monomial, Long> terms() {
        if (!isConstant()) {
            return terms;
        }
        TreeMap<Monomial, Long> constant = new TreeMap<>();
        if (number != 0) {
            constant.put(Monomial.UNIT, number);
        }
        return constant;
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
        if (terms.isEmpty()) {
            return ZERO;
        }
        Long only = terms.size() == 1 ? terms.get(Monomial.UNIT) : null;
        return only == null ? new SymInt(terms, 0) : of(only);
    }

    @Override
    public int compareTo(SymInt other) {
        return toString().compareTo(other.toString());
    }

    @Override
    public boolean equals(Object other) {
        return this == other || other instanceof SymInt that && number == that.number && isConstant() == that.isConstant()
            && (isConstant() || terms.equals(that.terms));
    }

    @Override
    public int hashCode() {
        return isConstant() ? Long.hashCode(number) : terms.hashCode();
    }

    @Override
    public String toString() {
        if (text == null) {
            text = isConstant() ? Long.toString(number) : SymIntText.print(terms);
        }
        return text;
    }
}
