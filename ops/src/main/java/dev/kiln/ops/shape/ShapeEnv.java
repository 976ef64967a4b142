package dev.kiln.ops.shape;

import dev.kiln.ops.KilnException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The symbols of a graph with their ranges and hints, and the guards under which its shapes hold.
 * A question about sizes is answered from the normal form, then from the ranges; what stays open is decided by
 * the hints and recorded as a guard.
 */
public final class ShapeEnv {
    /** A symbol: inclusive range, and the value that tuning and undecided questions assume. */
    public record Symbol(String name, long min, long max, long hint) {
    }

    private final Map<String, Symbol> symbols = new LinkedHashMap<>();
    private final List<Guard> guards = new ArrayList<>();

    public ShapeEnv() {
    }

    public ShapeEnv(Collection<Symbol> symbols, Collection<Guard> guards) {
        symbols.forEach(s -> this.symbols.put(s.name(), s));
        this.guards.addAll(guards);
    }

    public ShapeEnv copy() {
        return new ShapeEnv(symbols.values(), guards);
    }

    public SymInt define(Symbol symbol) {
        if (symbols.putIfAbsent(symbol.name(), symbol) != null) {
            throw new IllegalArgumentException("symbol " + symbol.name() + " is defined twice");
        }
        return SymInt.symbol(symbol.name());
    }

    public List<Symbol> symbols() {
        return List.copyOf(symbols.values());
    }

    public List<Guard> guards() {
        return List.copyOf(guards);
    }

    public long hint(SymInt size) {
        return size.evaluate(name -> {
            Symbol symbol = symbols.get(name);
            return symbol == null ? null : symbol.hint();
        });
    }

    /** Whether the two sizes are equal; an open question is decided by the hints, with a guard. */
    public boolean equal(SymInt left, SymInt right) {
        SymInt difference = left.minus(right);
        OptionalLong constant = difference.constant();
        if (constant.isPresent()) {
            return constant.getAsLong() == 0;
        }
        Bounds bounds = bounds(difference);
        if (bounds.min() > 0 || bounds.max() < 0) {
            return false;
        }
        boolean equal = hint(left) == hint(right);
        guard(new Guard(equal ? Guard.Relation.EQ : Guard.Relation.NE, left, right));
        return equal;
    }

    /** Whether the sizes are equal for every value of the symbols, without a new guard. */
    public boolean provablyEqual(SymInt left, SymInt right) {
        return left.equals(right) || guards.contains(new Guard(Guard.Relation.EQ, left, right));
    }

    /** Whether left is at most right for every value of the symbols, as far as ranges show it. */
    public boolean provablyAtMost(SymInt left, SymInt right) {
        return bounds(right.minus(left)).min() >= 0;
    }

    /** Whether left is smaller than right; an open question is decided by the hints, with a guard. */
    public boolean less(SymInt left, SymInt right) {
        Bounds bounds = bounds(right.minus(left));
        if (bounds.min() > 0) {
            return true;
        }
        if (bounds.max() <= 0) {
            return false;
        }
        boolean less = hint(left) < hint(right);
        guard(less ? new Guard(Guard.Relation.LT, left, right) : new Guard(Guard.Relation.LE, right, left));
        return less;
    }

    /** Requires equality: an error if it is false, a guard if it is open. */
    public void require(SymInt left, SymInt right, String what) {
        if (!equal(left, right)) {
            throw new KilnException.BadInput(what + ": sizes " + left + " and " + right + " differ");
        }
    }

    /** Fixes an expression to the value that its hint gives. */
    public long specialize(SymInt size) {
        if (size.isConstant()) {
            return size.asLong();
        }
        long value = hint(size);
        guard(new Guard(Guard.Relation.EQ, size, SymInt.of(value)));
        return value;
    }

    private void guard(Guard guard) {
        if (!guards.contains(guard)) {
            guards.add(guard);
        }
    }

    /** An interval that holds the expression's value. */
    public Bounds bounds(SymInt size) {
        return Bounds.of(size, name -> {
            Symbol symbol = symbols.get(name);
            return symbol == null ? Bounds.ALL : new Bounds(symbol.min(), symbol.max());
        });
    }
}
