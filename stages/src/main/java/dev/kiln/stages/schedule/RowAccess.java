package dev.kiln.stages.schedule;

import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.LoopVars;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Decides whether a read of another node's result stays inside the row that both are working on. */
final class RowAccess {
    private RowAccess() {
    }

    /** A loop variable of the reader below its outer ones, with its extent. */
    private record Inner(SymInt variable, SymInt size) {
    }

    /** @param index where {@code reader} reads what {@code producer} stores; the first {@code outer} dims are rows */
    static boolean staysInRow(LoopNode reader, SymInt index, LoopNode producer, int outer) {
        SymInt rest = index.minus(rowStart(producer, outer));
        for (int d = 0; d < outer; d++) {
            if (rest.symbols().contains(LoopVars.output(d).toString())) {
                return false;
            }
        }
        SymInt low = rest;
        SymInt high = rest;
        for (Inner inner : innerVariables(reader, outer)) {
            Optional<SymInt> step = Indices.coefficient(rest, inner.variable);
            if (step.isEmpty()) {
                return false;
            }
            SymInt span = step.get().times(inner.size.plus(-1));
            boolean down = step.get().isConstant() && step.get().asLong() < 0;
            Map<String, SymInt> zero = Map.of(inner.variable.toString(), SymInt.ZERO);
            low = down ? low.substitute(zero).plus(span) : low.substitute(zero);
            high = down ? high.substitute(zero) : high.substitute(zero).plus(span);
        }
        SymInt row = SymInt.product(RowsBuilder.sizes(producer).subList(outer, RowsBuilder.sizes(producer).size()));
        return isNonNegative(low) && isNonNegative(row.plus(-1).minus(high));
    }

    private static boolean isNonNegative(SymInt value) {
        return value.isConstant() && value.asLong() >= 0;
    }

    private static SymInt rowStart(LoopNode node, int outer) {
        Map<String, SymInt> zero = new HashMap<>();
        for (int d = outer; d < RowsBuilder.sizes(node).size(); d++) {
            zero.put(LoopVars.output(d).toString(), SymInt.ZERO);
        }
        return RowsBuilder.store(node).substitute(zero);
    }

    private static List<Inner> innerVariables(LoopNode node, int outer) {
        List<Inner> inner = new ArrayList<>();
        List<SymInt> sizes = RowsBuilder.sizes(node);
        for (int d = outer; d < sizes.size(); d++) {
            inner.add(new Inner(LoopVars.output(d), sizes.get(d)));
        }
        if (node instanceof LoopNode.Reduction r) {
            for (int d = 0; d < r.reduced().size(); d++) {
                inner.add(new Inner(LoopVars.reduced(d), r.reduced().get(d)));
            }
        }
        return inner;
    }
}
