package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.pt2.schema.Program;
import dev.kiln.stages.trace.pt2.schema.SizeExpr;
import java.util.HashMap;
import java.util.Map;

/**
 * The symbols of an exported program: each is a symbol of the graph with the range that the export gave it, or the
 * value that the user pinned it to.
 */
final class Symbols {

    private final ShapeEnv shapes;
    private final Map<String, Program.Range> ranges;
    private final Map<String, SymInt> known = new HashMap<>();

    Symbols(ShapeEnv shapes, Map<String, Program.Range> ranges) {
        this.shapes = shapes;
        this.ranges = ranges;
    }

    /** The symbol's smallest and largest value; a dimension has at least one element. */
    private Program.Range range(String name) {
        Program.Range range = ranges.getOrDefault(name, new Program.Range(1, Long.MAX_VALUE));
        Program.Range cut = new Program.Range(Math.max(1, range.min()), range.max());
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

    /** Defines a symbol that an input's size is, if it is new. */
    void define(String name, long hint) {
        if (!known.containsKey(name)) {
            Program.Range range = range(name);
            known.put(name, shapes.define(new ShapeEnv.Symbol("s" + shapes.symbols().size(), range.min(),
                range.max(), Math.clamp(hint, range.min(), range.max()))));
        }
    }

    boolean isKnown(String name) {
        return known.containsKey(name);
    }

    SymInt size(SizeExpr size) {
        return switch (size) {
            case SizeExpr.Known(long value) -> SymInt.of(value);
            case SizeExpr.Expression e -> new SizeParser(e.text(), this::resolve, this::holds).parse();
        };
    }

    private SymInt resolve(String name) {
        SymInt value = known.get(name);
        if (value == null) {
            throw new KilnException.Unsupported(name + " is not the size of an input's dimension");
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
