package dev.kiln.ops.shape;

import dev.kiln.ops.KilnException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The symbols of a graph with their ranges and hints, the guards under which its shapes hold, and what must be checked
 * at run time.
 *
 * <p>A question about sizes is answered from the normal form, the ranges and what was recorded before. What stays open
 * is decided by the hints of backed symbols and recorded as a guard. Unbacked symbols come from data: nothing is ever
 * assumed about them. Who needs an answer declares one that is safe ({@link #guardOrFalse}, {@link #guardOrTrue});
 * what must be true ({@link #require}) is checked at run time.
 */
public final class ShapeEnv {
    /**
     * A symbol: inclusive range, and the value that tuning (and, if it is backed, undecided questions) assume.
     *
     * @param backed whether the value is a size of an input; else it is computed from data
     * @param limit what an unbacked symbol never exceeds, over other symbols
     */
    public record Symbol(String name, long min, long max, long hint, boolean backed, Optional<SymInt> limit) {
        /** A backed symbol. */
        public Symbol(String name, long min, long max, long hint) {
            this(name, min, max, hint, true, Optional.empty());
        }
    }

    /** The hint of an unbacked symbol without a limit, as in PyTorch. */
    private static final long UNBACKED_HINT = 8192;

    private final Map<String, Symbol> symbols = new LinkedHashMap<>();
    /** Guards and run-time assertions, each with the op that asked for it ("" if none did). */
    private final Map<Guard, String> guards = new LinkedHashMap<>();
    private final Map<Guard, String> assertions = new LinkedHashMap<>();
    private final Set<Guard> facts = new HashSet<>();
    private final Map<Long, SymInt> ducks = new HashMap<>();
    private final ShapePolicy policy;
    private final Deque<String> expected = new ArrayDeque<>();
    private String asker = "";

    public ShapeEnv() {
        this(ShapePolicy.DEFAULT);
    }

    public ShapeEnv(ShapePolicy policy) {
        this.policy = policy;
    }

    public ShapeEnv(Collection<Symbol> symbols, Collection<Guard> guards) {
        this();
        symbols.forEach(this::define);
        guards.forEach(g -> record(g, ""));
    }

    public ShapeEnv copy() {
        ShapeEnv copy = new ShapeEnv(policy);
        copy.symbols.putAll(symbols);
        copy.guards.putAll(guards);
        copy.assertions.putAll(assertions);
        copy.facts.addAll(facts);
        copy.ducks.putAll(ducks);
        return copy;
    }

    public SymInt define(Symbol symbol) {
        if (symbols.putIfAbsent(symbol.name(), symbol) != null) {
            throw new IllegalArgumentException("symbol " + symbol.name() + " is defined twice");
        }
        return SymInt.symbol(symbol.name());
    }

    /** A symbol whose value is a size of an input, within {@code [min, max]}, seen as {@code hint} so far. */
    public SymInt backed(String name, long min, long max, long hint) {
        return define(new Symbol(name, min, max, Math.clamp(hint, min, max)));
    }

    /** A symbol whose value the graph computes from data, within {@code [min, max]}. */
    public SymInt unbacked(String name, long min, long max) {
        return define(new Symbol(name, min, max, Math.clamp(UNBACKED_HINT, min, max), false, Optional.empty()));
    }

    /** A new unbacked symbol, a size of at most {@code limit}; inside {@link #rebinding} the one that is expected. */
    public SymInt unbacked(SymInt limit) {
        if (!expected.isEmpty()) {
            return SymInt.symbol(expected.removeFirst());
        }
        long hint = hint(limit);
        return define(new Symbol(freshName("u"), 0, Long.MAX_VALUE, hint, false, Optional.of(limit)));
    }

    /** A new unbacked symbol within {@code [min, max]}; inside {@link #rebinding} the one that is expected. */
    public SymInt unbackedWithin(long min, long max) {
        return expected.isEmpty() ? unbacked(freshName("u"), min, max) : SymInt.symbol(expected.removeFirst());
    }

    /** An open size of an input that was {@code hint} so far: a symbol, an earlier one, or a number, by the policy. */
    public SymInt size(long hint) {
        return size(hint, 1, Long.MAX_VALUE);
    }

    /** As {@link #size(long)}, within {@code [min, max]}; symbols with different ranges are never shared. */
    public SymInt size(long hint, long min, long max) {
        if (policy.specializeZeroOne() && (hint == 0 || hint == 1)) {
            return SymInt.of(hint);
        }
        long least = Math.min(Math.max(min, policy.least()), max);
        SymInt known = policy.duckSizing() ? ducks.get(hint) : null;
        boolean alike = known != null && symbols.get(known.toString()).min() == least
            && symbols.get(known.toString()).max() == max;
        if (!alike) {
            known = backed(freshName("s"), least, max, hint);
            ducks.put(hint, known);
        }
        return known;
    }

    /** A name that no symbol has yet: the prefix and the least free number. */
    public String freshName(String prefix) {
        int number = 0;
        while (symbols.containsKey(prefix + number)) {
            number++;
        }
        return prefix + number;
    }

    /** Runs what infers shapes anew: instead of new unbacked symbols it gets these, in order. */
    public <T> T rebinding(Collection<String> names, Supplier<T> inference) {
        List<String> outer = new ArrayList<>(expected);
        expected.clear();
        expected.addAll(names);
        try {
            return inference.get();
        } finally {
            expected.clear();
            expected.addAll(outer);
        }
    }

    /** Runs what an op asks; guards that come of it name the op. */
    public <T> T asking(String op, Supplier<T> questions) {
        String before = asker;
        asker = op;
        try {
            return questions.get();
        } finally {
            asker = before;
        }
    }

    public List<Symbol> symbols() {
        return List.copyOf(symbols.values());
    }

    public Optional<Symbol> symbol(String name) {
        return Optional.ofNullable(symbols.get(name));
    }

    /** Conditions on the inputs' sizes. */
    public List<Guard> guards() {
        return List.copyOf(guards.keySet());
    }

    /** Conditions on unbacked symbols, to be checked as soon as they have their values. */
    public List<Guard> assertions() {
        return List.copyOf(assertions.keySet());
    }

    /** The op that asked for a guard or assertion; empty if none did. */
    public String askedBy(Guard guard) {
        return guards.getOrDefault(guard, assertions.getOrDefault(guard, ""));
    }

    public boolean isUnbacked(String name) {
        Symbol symbol = symbols.get(name);
        return symbol != null && !symbol.backed();
    }

    public boolean isUnbacked(SymInt size) {
        return size.symbols().stream().anyMatch(this::isUnbacked);
    }

    private boolean isUnbacked(Guard guard) {
        return guard.symbols().stream().anyMatch(this::isUnbacked);
    }

    public long hint(SymInt size) {
        return size.evaluate(this::hintOf);
    }

    private Long hintOf(String name) {
        Symbol symbol = symbols.get(name);
        return symbol == null ? null : symbol.hint();
    }

    /** Whether the guard is known to hold for all values of the symbols. Records nothing. */
    public boolean staticallyKnownTrue(Guard guard) {
        return known().decide(guard).orElse(false);
    }

    /** Whether only the values of unbacked symbols tell if the guard holds. */
    public boolean dependsOnData(Guard guard) {
        return isUnbacked(guard) && known().decide(guard).isEmpty();
    }

    /** Whether the guard holds; {@code false} if that depends on data. What backed symbols leave open is recorded. */
    public boolean guardOrFalse(Guard guard) {
        return guardOr(guard, false);
    }

    /** Whether the guard holds; {@code true} if that depends on data. What backed symbols leave open is recorded. */
    public boolean guardOrTrue(Guard guard) {
        return guardOr(guard, true);
    }

    private boolean guardOr(Guard guard, boolean otherwise) {
        Optional<Boolean> decided = known().decide(guard);
        return decided.isPresent() ? decided.get() : isUnbacked(guard) ? otherwise : byHint(guard);
    }

    /**
     * Whether the guard holds; an open question is decided by the hints, with a guard.
     *
     * @throws KilnException.Unsupported if it depends on data
     */
    public boolean evaluate(Guard guard) {
        Optional<Boolean> decided = known().decide(guard);
        if (decided.isPresent()) {
            return decided.get();
        }
        if (isUnbacked(guard)) {
            throw new KilnException.Unsupported((asker.isEmpty() ? "" : asker + ": ") + "whether " + guard
                + " depends on the inputs' values, and the shape of the result depends on it");
        }
        return byHint(guard);
    }

    private boolean byHint(Guard guard) {
        boolean holds = guard.holds(this::hintOf);
        record(known().simplified(holds ? guard : guard.negated()), asker);
        return holds;
    }

    /** Demands a condition: an error if it is false, a guard or a run-time assertion if it is open. */
    public void require(Guard guard, String what) {
        Optional<Boolean> decided = known().decide(guard);
        boolean open = decided.isEmpty() && isUnbacked(guard);
        if (open) {
            record(known().simplified(guard), asker);
        } else if (!decided.orElseGet(() -> byHint(guard))) {
            throw new SizeConflict(what + ": " + guard + " does not hold", guard);
        }
    }

    /** Files a condition that must hold, as it is. */
    public void record(Guard guard, String askedBy) {
        List<Guard> parts = guard instanceof Guard.All(List<Guard> inner) ? inner : List.of(guard);
        for (Guard part : parts) {
            (isUnbacked(part) ? assertions : guards).putIfAbsent(part, askedBy);
            facts.add(part);
        }
    }

    /** Whether the two sizes are equal; an open question is decided by the hints, with a guard. */
    public boolean equal(SymInt left, SymInt right) {
        return evaluate(Guard.equal(left, right));
    }

    /** As {@link #equal}, but sizes whose equality depends on data are taken as equal, which is checked at run time. */
    public boolean equalOrAsserted(SymInt left, SymInt right) {
        Guard guard = Guard.equal(left, right);
        if (dependsOnData(guard)) {
            require(guard, asker);
            return true;
        }
        return evaluate(guard);
    }

    /** Whether the sizes are equal for every value of the symbols, without a new guard. */
    public boolean provablyEqual(SymInt left, SymInt right) {
        return left.equals(right) || staticallyKnownTrue(Guard.equal(left, right));
    }

    /** Whether left is at most right for every value of the symbols, as far as ranges show it. */
    public boolean provablyAtMost(SymInt left, SymInt right) {
        return staticallyKnownTrue(Guard.atMost(left, right));
    }

    /** Whether left is smaller than right; an open question is decided by the hints, with a guard. */
    public boolean less(SymInt left, SymInt right) {
        return evaluate(Guard.less(left, right));
    }

    /** Requires equality: an error if it is false, a guard or a run-time assertion if it is open. */
    public void require(SymInt left, SymInt right, String what) {
        Guard guard = Guard.equal(left, right);
        if (dependsOnData(guard)) {
            require(guard, what);
        } else if (!evaluate(guard)) {
            throw new SizeConflict(what + ": sizes " + left + " and " + right + " differ", guard);
        }
    }

    /** Fixes an expression to the value that its hint gives. */
    public long specialize(SymInt size) {
        if (size.isConstant()) {
            return size.asLong();
        }
        if (isUnbacked(size)) {
            throw new KilnException.Unsupported((asker.isEmpty() ? "" : asker + ": ") + "the number " + size
                + " depends on the inputs' values, but must be known to compile");
        }
        long value = hint(size);
        byHint(Guard.equal(size, SymInt.of(value)));
        return value;
    }

    /** An interval that holds the expression's value. */
    public Bounds bounds(SymInt size) {
        return known().bounds(size);
    }

    /**
     * An expression over backed symbols that the size never exceeds (itself, if all its symbols are backed); empty
     * if an unbacked symbol in it has no limit.
     */
    public Optional<SymInt> limit(SymInt size) {
        return isUnbacked(size) ? known().limit(size) : Optional.of(size);
    }

    /** Names of the unbacked symbols in the sizes, in order, each once. */
    public Set<String> unbackedIn(Collection<SymInt> sizes) {
        Set<String> names = new LinkedHashSet<>();
        sizes.forEach(s -> s.symbols().stream().filter(this::isUnbacked).forEach(names::add));
        return names;
    }

    private Known known() {
        return new Known(symbols, facts);
    }
}
