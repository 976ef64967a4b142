package dev.kiln.stages.trace;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.ShapePolicy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Which dimensions of the inputs stay open.
 *
 * @param fixed whether a dimension is fixed at its hint, unless it is among the ranges
 * @param ranges dimensions that are open whatever the model says, by input and position, with the sizes they take
 * @param policy what becomes of open sizes with a hint of the user's
 */
public record OpenSizes(boolean fixed, Map<String, Map<Integer, Range>> ranges, ShapePolicy policy) {
    /** As the model says. */
    public static final OpenSizes DEFAULT = new OpenSizes(false, Map.of(), ShapePolicy.DEFAULT);

    /** Inclusive, from 1 on. */
    public record Range(long min, long max) {
        public static final Range ANY = new Range(1, Long.MAX_VALUE);

        public Range {
            if (min < 1 || max < min) {
                throw new KilnException.BadInput("a dimension cannot have from " + min + " to " + max + " elements");
            }
        }

        /** What both admit; {@code what} names the dimension in the error. */
        public Range and(Range other, String what) {
            if (other.max < min || max < other.min) {
                throw new KilnException.BadInput(what + " has " + this + " elements, which " + other + " contradicts");
            }
            return new Range(Math.max(min, other.min), Math.min(max, other.max));
        }

        @Override
        public String toString() {
            return max == Long.MAX_VALUE ? "at least " + min : min + " to " + max;
        }
    }

    public OpenSizes {
        ranges = Map.copyOf(ranges);
    }

    public OpenSizes withFixed(boolean everything) {
        return new OpenSizes(everything, ranges, policy);
    }

    public OpenSizes withPolicy(ShapePolicy newPolicy) {
        return new OpenSizes(fixed, ranges, newPolicy);
    }

    public OpenSizes withRange(String input, int dim, Range range) {
        Map<String, Map<Integer, Range>> more = new HashMap<>(ranges);
        Map<Integer, Range> dims = new TreeMap<>(ranges.getOrDefault(input, Map.of()));
        dims.put(dim, range);
        more.put(input, dims);
        return new OpenSizes(fixed, more, policy);
    }

    /** The range of a dimension that the user keeps open. */
    public Optional<Range> range(String input, int dim) {
        return Optional.ofNullable(ranges.getOrDefault(input, Map.of()).get(dim));
    }

    /** An input's dimensions that the user keeps open must be among those that it has. */
    public void requireDims(String input, int rank) {
        for (int dim : ranges.getOrDefault(input, Map.of()).keySet()) {
            if (dim < 0 || dim >= rank) {
                throw new KilnException.BadInput("input \"" + input + "\" has " + rank + " dimensions, no dimension "
                    + dim);
            }
        }
    }

    /** The hint of a dimension that is to be fixed, which the user must have given. */
    public static long fixedAt(String input, int dim, List<Long> hints) {
        if (hints.isEmpty() || hints.get(dim) < 0) {
            throw new KilnException.BadInput("dimension " + dim + " of input \"" + input
                + "\" is open and to be fixed, but has no size; give one (--hint " + input + "=...)");
        }
        return hints.get(dim);
    }

    /** Everything that a compiled graph depends on, as text. */
    public Map<String, String> describe() {
        Map<String, String> text = new TreeMap<>();
        ranges.forEach((input, dims) -> text.put("open " + input, new TreeMap<>(dims).toString()));
        text.put("policy", fixed + " " + policy.duckSizing() + " " + policy.specializeZeroOne());
        return text;
    }
}
