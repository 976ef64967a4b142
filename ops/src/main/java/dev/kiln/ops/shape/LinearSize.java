package dev.kiln.ops.shape;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** A size {@code slope * symbol + offset} with a positive slope: one that the symbol's value can be read off. */
public record LinearSize(String symbol, long slope, long offset) {

    /** The size in this form, if it has it. */
    public static Optional<LinearSize> of(SymInt size) {
        if (size.symbols().size() != 1) {
            return Optional.empty();
        }
        String symbol = size.symbols().iterator().next();
        long offset = 0;
        long slope = 0;
        for (Map.Entry<Monomial, Long> term : size.terms().entrySet()) {
            if (term.getKey().equals(Monomial.UNIT)) {
                offset = term.getValue();
            } else {
                slope = term.getValue();
            }
        }
        boolean linear = slope > 0 && SymInt.symbol(symbol).times(slope).plus(offset).equals(size);
        return linear ? Optional.of(new LinearSize(symbol, slope, offset)) : Optional.empty();
    }

    /** The symbol's value for a size; empty if no whole number gives it. */
    public OptionalLong solve(long size) {
        return Math.floorMod(size - offset, slope) == 0 ? OptionalLong.of(nearest(size)) : OptionalLong.empty();
    }

    /** The largest value of the symbol that does not give more than this size. */
    public long nearest(long size) {
        return Math.floorDiv(size - offset, slope);
    }
}
