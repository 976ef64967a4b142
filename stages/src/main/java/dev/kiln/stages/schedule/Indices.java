package dev.kiln.stages.schedule;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Questions about index expressions, and their rewriting under other loop variables. */
public final class Indices {
    private Indices() {
    }

    /** The coefficient of a variable, if the expression is linear in it. */
    public static Optional<SymInt> coefficient(SymInt expression, SymInt variable) {
        Map<String, SymInt> zero = Map.of(variable.toString(), SymInt.ZERO);
        Map<String, SymInt> one = Map.of(variable.toString(), SymInt.ONE);
        SymInt base = expression.substitute(zero);
        SymInt coefficient = expression.substitute(one).minus(base);
        boolean linear = base.plus(coefficient.times(variable)).equals(expression);
        return linear ? Optional.of(coefficient) : Optional.empty();
    }

    /** Every index expression in a body, in no particular order. */
    static List<SymInt> in(Scalar body) {
        List<SymInt> found = new ArrayList<>();
        body.rewrite(s -> {
            switch (s) {
                case Scalar.Load load -> found.add(load.index());
                case Scalar.Gather gather -> found.add(gather.index());
                case Scalar.Index index -> found.add(index.value());
                default -> { }
            }
            return s;
        });
        return found;
    }

    /** The body with its index variables replaced. */
    public static Scalar substitute(Scalar body, Map<String, SymInt> replacement) {
        return body.rewrite(s -> switch (s) {
            case Scalar.Load(var buffer, var index, var dtype) ->
                new Scalar.Load(buffer, index.substitute(replacement), dtype);
            case Scalar.Gather(var buffer, var index, var indirect, var dtype) ->
                new Scalar.Gather(buffer, index.substitute(replacement), indirect, dtype);
            case Scalar.Index(var value) -> new Scalar.Index(value.substitute(replacement));
            default -> s;
        });
    }

    /**
     * Whether adjacent dimensions can be walked by one variable: in each expression a step in the outer one is as
     * long as the whole inner one.
     */
    static boolean mergeable(List<SymInt> expressions, SymInt outer, SymInt inner, SymInt innerSize) {
        for (SymInt expression : expressions) {
            Optional<SymInt> far = coefficient(expression, outer);
            Optional<SymInt> near = coefficient(expression, inner);
            if (far.isEmpty() || near.isEmpty() || !far.get().equals(near.get().times(innerSize))) {
                return false;
            }
        }
        return true;
    }

    /** Renames variables, all at once. */
    static Map<String, SymInt> renaming(List<SymInt> from, List<SymInt> to) {
        Map<String, SymInt> renaming = new HashMap<>();
        for (int i = 0; i < from.size(); i++) {
            renaming.put(from.get(i).toString(), to.get(i));
        }
        return renaming;
    }
}
