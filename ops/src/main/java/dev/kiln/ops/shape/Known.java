package dev.kiln.ops.shape;

import dev.kiln.ops.shape.Guard.Compare;
import dev.kiln.ops.shape.Guard.Relation;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/** What can be told of sizes for every value of the symbols: from normal forms, ranges, limits and recorded guards. */
final class Known {
    private final Map<String, ShapeEnv.Symbol> symbols;
    private final Collection<Guard> facts;

    Known(Map<String, ShapeEnv.Symbol> symbols, Collection<Guard> facts) {
        this.symbols = symbols;
        this.facts = facts;
    }

    /** An interval that holds the expression's value. */
    Bounds bounds(SymInt size) {
        Bounds plain = Bounds.of(size, this::range);
        long min = plain.min();
        long max = plain.max();
        if (hasLimit(size)) {
            Optional<SymInt> above = limit(size);
            Optional<SymInt> below = limit(size.negate());
            if (above.isPresent()) {
                max = Math.min(max, Bounds.of(above.get(), this::range).max());
            }
            if (below.isPresent()) {
                min = Math.max(min, Bounds.of(below.get().negate(), this::range).min());
            }
        }
        return new Bounds(min, max);
    }

    private boolean hasLimit(SymInt size) {
        return size.symbols().stream().map(symbols::get).anyMatch(s -> s != null && s.limit().isPresent());
    }

    /** A symbol's range, narrowed by recorded guards that compare it with a number. */
    private Bounds range(String name) {
        ShapeEnv.Symbol symbol = symbols.get(name);
        if (symbol == null) {
            return Bounds.ALL;
        }
        long min = symbol.min();
        long max = symbol.max();
        SymInt self = SymInt.symbol(name);
        for (Guard fact : facts) {
            if (!(fact instanceof Compare(Relation relation, SymInt left, SymInt right))) {
                continue;
            }
            long strict = relation == Relation.LT ? 1 : 0;
            boolean ordered = relation == Relation.LT || relation == Relation.LE;
            if (ordered && left.equals(self) && right.isConstant()) {
                max = Math.min(max, right.asLong() - strict);
            } else if (ordered && right.equals(self) && left.isConstant()) {
                min = Math.max(min, left.asLong() + strict);
            }
        }
        return new Bounds(min, max);
    }

    /** Whether the guard holds, if that does not depend on the symbols' values. */
    Optional<Boolean> decide(Guard guard) {
        return switch (guard) {
            case Compare compare -> decide(compare);
            case Guard.Divisible(SymInt value, long by) -> divisible(value, by);
            case Guard.Not(Guard inner) -> decide(inner).map(b -> !b);
            case Guard.All(List<Guard> parts) -> every(parts, true);
            case Guard.Any(List<Guard> parts) -> every(parts, false);
        };
    }

    /** All parts are {@code wanted}: so is the whole; one is not: the whole is not. */
    private Optional<Boolean> every(List<Guard> parts, boolean wanted) {
        boolean open = false;
        for (Guard part : parts) {
            Optional<Boolean> decided = decide(part);
            if (decided.isPresent() && decided.get() != wanted) {
                return Optional.of(!wanted);
            }
            open |= decided.isEmpty();
        }
        return open ? Optional.empty() : Optional.of(wanted);
    }

    private Optional<Boolean> decide(Compare compare) {
        SymInt difference = compare.right().minus(compare.left());
        OptionalLong constant = difference.constant();
        Bounds bounds = constant.isPresent() ? new Bounds(constant.getAsLong(), constant.getAsLong())
            : bounds(difference);
        Optional<Boolean> byRange = switch (compare.relation()) {
            case EQ -> equal(bounds);
            case NE -> equal(bounds).map(b -> !b);
            case LT -> bounds.min() > 0 ? Optional.of(true) : bounds.max() <= 0 ? Optional.of(false) : Optional.empty();
            case LE -> bounds.min() >= 0 ? Optional.of(true) : bounds.max() < 0 ? Optional.of(false) : Optional.empty();
        };
        return byRange.or(() -> ordered(compare.relation(), difference)).or(() -> recorded(compare));
    }

    private Optional<Boolean> ordered(Relation relation, SymInt difference) {
        long least = relation == Relation.LT ? 1 : 0;
        if (relation != Relation.LT && relation != Relation.LE) {
            return Optional.empty();
        }
        return atLeast(difference, least) ? Optional.of(true)
            : atLeast(difference.negate(), 1 - least) ? Optional.of(false) : Optional.empty();
    }

    /** Whether it shows once a minimum that is taken away, or a maximum that is added, is replaced by a part of it. */
    private boolean atLeast(SymInt value, long least) {
        for (Map.Entry<Monomial, Long> term : value.terms().entrySet()) {
            Atom factor = term.getKey().factors().size() == 1 ? term.getKey().factors().getFirst() : null;
            List<SymInt> parts = switch (factor) {
                case Atom.Min(SymInt a, SymInt b) when term.getValue() < 0 -> List.of(a, b);
                case Atom.Max(SymInt a, SymInt b) when term.getValue() > 0 -> List.of(a, b);
                case null, default -> List.of();
            };
            SymInt others = parts.isEmpty() ? value : value.minus(SymInt.atom(factor).times(term.getValue()));
            for (SymInt part : parts) {
                SymInt simpler = others.plus(part.times(term.getValue()));
                if (bounds(simpler).min() >= least || atLeast(simpler, least)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static Optional<Boolean> equal(Bounds difference) {
        return difference.min() == 0 && difference.max() == 0 ? Optional.of(true)
            : difference.min() > 0 || difference.max() < 0 ? Optional.of(false) : Optional.empty();
    }

    private Optional<Boolean> recorded(Guard guard) {
        return facts.contains(normal(guard)) ? Optional.of(true)
            : facts.contains(normal(guard.negated())) ? Optional.of(false) : Optional.empty();
    }

    private Optional<Boolean> divisible(SymInt value, long by) {
        long rest = 0;
        for (Map.Entry<Monomial, Long> term : value.terms().entrySet()) {
            if (term.getKey().equals(Monomial.UNIT)) {
                rest = term.getValue() % by;
            } else if (term.getValue() % by != 0) {
                return recorded(new Guard.Divisible(value, by));
            }
        }
        return Optional.of(rest == 0);
    }

    /** The same condition, settled parts dropped, nested parts flattened, relations in normal form. */
    Guard simplified(Guard guard) {
        Optional<Boolean> decided = decide(guard);
        if (decided.isPresent()) {
            return decided.get() ? Guard.TRUE : Guard.FALSE;
        }
        return switch (guard) {
            case Guard.All(List<Guard> parts) -> joined(parts, true);
            case Guard.Any(List<Guard> parts) -> joined(parts, false);
            case Guard.Not(Guard inner) -> inner instanceof Guard.Divisible ? guard : simplified(inner.negated());
            default -> normal(guard);
        };
    }

    private Guard joined(List<Guard> parts, boolean all) {
        Set<Guard> kept = new LinkedHashSet<>();
        for (Guard part : parts) {
            Guard simple = simplified(part);
            switch (simple) {
                case Guard.All(List<Guard> inner) when all -> kept.addAll(inner);
                case Guard.Any(List<Guard> inner) when !all -> kept.addAll(inner);
                default -> kept.add(simple);
            }
        }
        List<Guard> left = new ArrayList<>(kept);
        return left.size() == 1 ? left.getFirst() : all ? new Guard.All(left) : new Guard.Any(left);
    }

    /** Relations with common factors removed, and with positive terms on their sides, so that equal ones look equal. */
    static Guard normal(Guard guard) {
        if (!(guard instanceof Compare(Relation relation, SymInt left, SymInt right))) {
            return guard;
        }
        SymInt difference = left.minus(right);
        long common = difference.terms().values().stream().mapToLong(Math::abs).reduce(0, Known::gcd);
        SymInt reduced = common > 1 ? difference.floorDiv(SymInt.of(common)) : difference;
        boolean symmetric = relation == Relation.EQ || relation == Relation.NE;
        if (symmetric && !reduced.is(0) && reduced.terms().values().iterator().next() < 0) {
            reduced = reduced.negate();
        }
        SymInt positive = SymInt.ZERO;
        SymInt negative = SymInt.ZERO;
        for (Map.Entry<Monomial, Long> term : reduced.terms().entrySet()) {
            SymInt part = SymInt.ofTerms(new java.util.TreeMap<>(Map.of(term.getKey(), term.getValue())));
            if (term.getValue() > 0) {
                positive = positive.plus(part);
            } else {
                negative = negative.minus(part);
            }
        }
        return new Compare(relation, positive, negative);
    }

    private static long gcd(long a, long b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    /**
     * An expression over backed symbols alone that the size never exceeds; empty if an unbacked symbol in it has
     * neither a limit nor a largest value.
     */
    Optional<SymInt> limit(SymInt size) {
        SymInt sum = SymInt.ZERO;
        for (Map.Entry<Monomial, Long> term : size.terms().entrySet()) {
            Optional<SymInt> product = term.getValue() > 0 ? most(term.getKey()) : least(term.getKey());
            if (product.isEmpty()) {
                return Optional.empty();
            }
            sum = sum.plus(product.get().times(term.getValue()));
        }
        return Optional.of(sum);
    }

    private Optional<SymInt> most(Monomial monomial) {
        SymInt product = SymInt.ONE;
        for (Atom factor : monomial.factors()) {
            Optional<SymInt> most = most(factor);
            if (most.isEmpty() || monomial.factors().size() > 1 && !isSize(factor)) {
                return Optional.empty();
            }
            product = product.times(most.get());
        }
        return Optional.of(product);
    }

    private Optional<SymInt> least(Monomial monomial) {
        if (backed(monomial)) {
            return Optional.of(SymInt.product(monomial.factors().stream().map(SymInt::atom).toList()));
        }
        Bounds bounds = Bounds.of(SymInt.product(monomial.factors().stream().map(SymInt::atom).toList()), this::range);
        return bounds.min() == Long.MIN_VALUE ? Optional.empty() : Optional.of(SymInt.of(bounds.min()));
    }

    private boolean backed(Monomial monomial) {
        return monomial.factors().stream().flatMap(f -> SymInt.atom(f).symbols().stream()).noneMatch(this::isUnbacked);
    }

    private boolean isSize(Atom factor) {
        return Bounds.of(SymInt.atom(factor), this::range).min() >= 0;
    }

    private Optional<SymInt> most(Atom atom) {
        if (SymInt.atom(atom).symbols().stream().noneMatch(this::isUnbacked)) {
            return Optional.of(SymInt.atom(atom));
        }
        return switch (atom) {
            case Atom.Symbol(String name) -> mostOf(symbols.get(name));
            case Atom.FloorDiv(SymInt a, SymInt b) -> b.isConstant() && b.asLong() > 0
                ? limit(a).map(m -> m.floorDiv(b)) : isSize(atom) ? limit(a) : Optional.empty();
            case Atom.Mod(SymInt a, SymInt b) -> limit(b).map(m -> m.plus(-1));
            case Atom.Max(SymInt a, SymInt b) -> limit(a).flatMap(x -> limit(b).map(x::max));
            case Atom.Min(SymInt a, SymInt b) -> {
                Optional<SymInt> x = limit(a);
                Optional<SymInt> y = limit(b);
                yield x.isPresent() && y.isPresent() ? Optional.of(x.get().min(y.get())) : x.isPresent() ? x : y;
            }
        };
    }

    private Optional<SymInt> mostOf(ShapeEnv.Symbol symbol) {
        if (symbol.limit().isPresent()) {
            return limit(symbol.limit().get());
        }
        return symbol.max() == Long.MAX_VALUE ? asserted(symbol.name()) : Optional.of(SymInt.of(symbol.max()));
    }

    /** What the model asserts that the symbol does not exceed ({@code torch._check(u0 <= x.size(0))}). */
    private Optional<SymInt> asserted(String name) {
        return facts.stream().flatMap(fact -> most(fact, SymInt.symbol(name)).stream())
            .filter(most -> most.symbols().stream().noneMatch(this::isUnbacked)).min(Comparator.naturalOrder());
    }

    private static List<SymInt> most(Guard fact, SymInt symbol) {
        if (!(fact instanceof Compare(Relation relation, SymInt left, SymInt right))) {
            return List.of();
        }
        SymInt most = right.minus(left).plus(symbol);
        return switch (relation) {
            case NE -> List.of();
            case LT -> List.of(most.plus(-1));
            case LE -> List.of(most);
            case EQ -> List.of(most, left.minus(right).plus(symbol));
        };
    }

    private boolean isUnbacked(String name) {
        ShapeEnv.Symbol symbol = symbols.get(name);
        return symbol != null && !symbol.backed();
    }
}
