package dev.kiln.ops.shape;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A product of atoms, sorted, repeats standing for powers; the empty product is the constant term. */
public record Monomial(List<Atom> factors) implements Comparable<Monomial> {
    static final Monomial UNIT = new Monomial(List.of());

    static Monomial of(Atom atom) {
        return new Monomial(List.of(atom));
    }

    Monomial times(Monomial other) {
        if (factors.isEmpty()) {
            return other;
        }
        if (other.factors.isEmpty()) {
            return this;
        }
        List<Atom> product = new ArrayList<>(factors);
        product.addAll(other.factors);
        product.sort(null);
        return new Monomial(List.copyOf(product));
    }

    /** This monomial without the factors of the divisor, if it has them all. */
    Optional<Monomial> dividedBy(Monomial divisor) {
        List<Atom> rest = new ArrayList<>(factors);
        for (Atom factor : divisor.factors) {
            if (!rest.remove(factor)) {
                return Optional.empty();
            }
        }
        return Optional.of(new Monomial(List.copyOf(rest)));
    }

    long evaluate(Function<String, Long> values) {
        long product = 1;
        for (Atom factor : factors) {
            product = Math.multiplyExact(product, factor.evaluate(values));
        }
        return product;
    }

    SymInt substitute(Function<String, SymInt> replacement) {
        SymInt product = SymInt.ONE;
        for (Atom factor : factors) {
            product = product.times(factor.substitute(replacement));
        }
        return product;
    }

    void collectSymbols(Set<String> into) {
        factors.forEach(f -> f.collectSymbols(into));
    }

    @Override
    public int compareTo(Monomial other) {
        int order = Integer.compare(other.factors.size(), factors.size());
        for (int i = 0; order == 0 && i < factors.size(); i++) {
            order = factors.get(i).compareTo(other.factors.get(i));
        }
        return order;
    }

    @Override
    public String toString() {
        return factors.stream().map(Object::toString).collect(Collectors.joining("*"));
    }
}
