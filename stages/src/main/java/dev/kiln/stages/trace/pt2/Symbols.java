package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.LinearSize;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.OpenSizes.Range;
import dev.kiln.stages.trace.pt2.schema.Program;
import dev.kiln.stages.trace.pt2.schema.SizeExpr;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The symbols of an exported program: each is a symbol of the graph with the range that the export gave it, or the
 * value that the user pinned it to.
 */
final class Symbols {
    private static final String OPEN = "open_";

    private final ShapeEnv shapes;
    private final Map<String, Program.Range> ranges;
    private final Map<String, SymInt> known = new HashMap<>();

    Symbols(ShapeEnv shapes, Map<String, Program.Range> ranges) {
        this.shapes = shapes;
        this.ranges = new HashMap<>(ranges);
    }

    /**
     * The symbol's smallest and largest value as the size of an input. A dimension has at least one element; exports
     * declare at least 2 for every dynamic dimension, which PyTorch does not enforce either.
     */
    private Program.Range range(String name) {
        Program.Range range = ranges.getOrDefault(name, new Program.Range(1, Long.MAX_VALUE));
        Program.Range cut = new Program.Range(range.min() <= 2 ? 1 : range.min(), range.max());
        if (cut.max() < cut.min()) {
            throw new KilnException.BadInput("size " + name + " has the empty range [" + range.min() + ", "
                + range.max() + "]");
        }
        return cut;
    }

    /** Fixes a symbol before its first use. */
    void pin(String name, long value) {
        Program.Range range = range(name);
        SymInt before = known.put(name, SymInt.of(value));
        if (value < range.min() || value > range.max()) {
            throw new KilnException.BadInput("size " + name + " was exported for " + text(range) + ", not " + value);
        }
        if (before != null && !before.is(value)) {
            throw new KilnException.BadInput("size " + name + " cannot be both " + before + " and " + value);
        }
    }

    private static String text(Program.Range range) {
        return range.max() == Long.MAX_VALUE ? "at least " + range.min()
            : range.min() + " to " + range.max();
    }

    /** Narrows a symbol's range before its first use. */
    void narrow(String name, Range range) {
        Program.Range declared = range(name);
        Range both = new Range(declared.min(), declared.max()).and(range, "size " + name);
        ranges.put(name, new Program.Range(both.min(), both.max()));
    }

    /** Defines a symbol that an input's size is, if it is new; a hint of the user's goes by the policy. */
    void define(String name, long hint, boolean given) {
        if (!known.containsKey(name)) {
            Program.Range range = range(name);
            known.put(name, given ? shapes.size(hint, range.min(), range.max())
                : shapes.backed(shapes.freshName("s"), range.min(), range.max(), hint));
        }
    }

    boolean isKnown(String name) {
        return known.containsKey(name);
    }

    /** A new symbol for a number that comes from data, within the range of the symbol that the file declares it as. */
    SymInt fromData(SizeExpr declared) {
        Program.Range range = SymbolName.of(declared).map(ranges::get)
            .orElse(new Program.Range(Long.MIN_VALUE, Long.MAX_VALUE));
        long min = range.min() <= 2 ? Math.min(range.min(), 0) : range.min();
        return shapes.unbacked(shapes.freshName("u"), min, range.max());
    }

    /**
     * Lets a symbol of the file that was not seen yet stand for what an operator gives, and checks the file's range.
     * A size that the file expresses otherwise is not compared: Kiln's own is exact.
     */
    void bind(SizeExpr declared, SymInt value) {
        Optional<String> name = SymbolName.of(declared).filter(n -> !known.containsKey(n));
        if (name.isPresent()) {
            known.put(name.get(), value);
            Program.Range range = ranges.getOrDefault(name.get(), new Program.Range(0, Long.MAX_VALUE));
            if (range.min() > 2) {
                require(Guard.atMost(SymInt.of(range.min()), value));
            }
            if (range.max() < Long.MAX_VALUE) {
                require(Guard.atMost(value, SymInt.of(range.max())));
            }
        }
    }

    /** As {@link #bind}, but a number that the file says is a known one must be equal to that. */
    void requireAs(SizeExpr declared, SymInt value) {
        bind(declared, value);
        if (declared != null) {
            require(Guard.equal(size(declared), value));
        }
    }

    /** A size in which symbols that are not known stand for themselves; who asks looks whether there are any. */
    SymInt open(SizeExpr size) {
        return switch (size) {
            case SizeExpr.Known(long value) -> SymInt.of(value);
            case SizeExpr.Expression e -> new SizeParser(e.text(),
                name -> known.getOrDefault(name, SymInt.symbol(OPEN + name)), this::holds).parse();
        };
    }

    /** Names of the symbols in a size that are not known. */
    static List<String> openIn(SymInt size) {
        return size.symbols().stream().filter(s -> s.startsWith(OPEN)).map(s -> s.substring(OPEN.length())).toList();
    }

    SymInt size(SizeExpr size) {
        return switch (size) {
            case SizeExpr.Known(long value) -> SymInt.of(value);
            case SizeExpr.Expression e -> new SizeParser(e.text(), this::resolve, this::holds).parse();
        };
    }

    /** What the file calls the symbol of an open size. */
    static String name(LinearSize open) {
        return open.symbol().substring(OPEN.length());
    }

    private SymInt resolve(String name) {
        SymInt value = known.get(name);
        if (value == null) {
            throw new KilnException.Unsupported("symbol " + name + " is neither the size of an input's dimension nor a"
                + " size or number that an operator before gives");
        }
        return value;
    }

    /** Whether a condition on sizes holds; an open one becomes a guard. */
    boolean holds(Guard condition) {
        return shapes.evaluate(condition);
    }

    /** Demands a condition: an error if it is false, a guard if it is open. */
    void require(Guard condition) {
        shapes.require(condition, "the model requires");
    }

    /** Whether a condition is known to hold or not to hold, whatever the sizes are. */
    boolean isDecided(Guard condition) {
        return shapes.staticallyKnownTrue(condition) || shapes.staticallyKnownTrue(condition.negated());
    }
}
