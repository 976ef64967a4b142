package dev.kiln.stages.schedule;

import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.LoopVars;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Merges adjacent dimensions of pointwise nodes of equal sizes wherever all their indices allow it. */
final class DimensionMerger {
    private DimensionMerger() {
    }

    static List<LoopNode> merge(List<LoopNode> nodes) {
        List<LoopNode.Pointwise> merged = new ArrayList<>();
        nodes.forEach(n -> merged.add(dropUnitDims((LoopNode.Pointwise) n)));
        for (int d = merged.getFirst().sizes().size() - 2; d >= 0; d--) {
            int outer = d;
            SymInt innerSize = merged.getFirst().sizes().get(d + 1);
            boolean all = merged.stream().allMatch(n -> Indices.mergeable(expressions(n), LoopVars.output(outer),
                LoopVars.output(outer + 1), innerSize));
            if (all) {
                merged.replaceAll(n -> mergeAt(n, outer));
            }
        }
        return List.copyOf(merged);
    }

    /**
     * The node over [rows, columns]: leading dimensions whose product is {@code rows} merged into one, the others into
     * the second; null if its indices do not allow it.
     */
    static LoopNode.Pointwise toMatrix(LoopNode.Pointwise node, SymInt rows, SymInt columns) {
        if (rows.is(1) && !(node.sizes().size() > 1 && node.sizes().getFirst().is(1))) {
            return toMatrix(withLeadingUnit(node), rows, columns);
        }
        LoopNode.Pointwise current = node;
        int split = 0;
        SymInt lead = SymInt.ONE;
        while (split < node.sizes().size() && !(split > 0 && lead.equals(rows) && tail(node, split).equals(columns))) {
            lead = lead.times(node.sizes().get(split++));
        }
        if (!lead.equals(rows) || !tail(node, split).equals(columns) || split == 0 || split == node.sizes().size()) {
            return null;
        }
        for (int d = node.sizes().size() - 2; d >= 0; d--) {
            if (d == split - 1) {
                continue;
            }
            if (current.sizes().get(d + 1).is(1)) {
                current = withoutUnit(current, d + 1);
            } else if (current.sizes().get(d).is(1)) {
                current = withoutUnit(current, d);
            } else if (Indices.mergeable(expressions(current), LoopVars.output(d), LoopVars.output(d + 1),
                    current.sizes().get(d + 1))) {
                current = mergeAt(current, d);
            } else {
                return null;
            }
        }
        return rows.is(1) ? inFirstRow(current) : current;
    }

    private static LoopNode.Pointwise inFirstRow(LoopNode.Pointwise node) {
        Map<String, SymInt> first = Map.of(LoopVars.output(0).toString(), SymInt.ZERO);
        return new LoopNode.Pointwise(node.output(), node.sizes(), node.store().substitute(first),
            Indices.substitute(node.body(), first), node.origins());
    }

    private static LoopNode.Pointwise withLeadingUnit(LoopNode.Pointwise node) {
        List<SymInt> sizes = new ArrayList<>(node.sizes());
        sizes.addFirst(SymInt.ONE);
        List<SymInt> from = LoopVars.outputs(node.sizes().size());
        Map<String, SymInt> renaming = Indices.renaming(from, LoopVars.outputs(sizes.size()).subList(1, sizes.size()));
        return new LoopNode.Pointwise(node.output(), sizes, node.store().substitute(renaming),
            Indices.substitute(node.body(), renaming), node.origins());
    }

    private static SymInt tail(LoopNode.Pointwise node, int from) {
        return SymInt.product(node.sizes().subList(from, node.sizes().size()));
    }

    private static List<SymInt> expressions(LoopNode.Pointwise node) {
        List<SymInt> expressions = Indices.in(node.body());
        expressions.add(node.store());
        return expressions;
    }

    /** Dimension d takes over d+1: i_d becomes 0 and i_(d+1), and all after it, move one place up. */
    private static LoopNode.Pointwise mergeAt(LoopNode.Pointwise node, int d) {
        List<SymInt> sizes = new ArrayList<>(node.sizes());
        SymInt inner = sizes.remove(d + 1);
        sizes.set(d, sizes.get(d).times(inner));
        return without(node, d, sizes);
    }

    private static LoopNode.Pointwise dropUnitDims(LoopNode.Pointwise node) {
        LoopNode.Pointwise current = node;
        for (int d = node.sizes().size() - 1; d >= 0; d--) {
            if (current.sizes().get(d).is(1) && current.sizes().size() > 1) {
                current = withoutUnit(current, d);
            }
        }
        return current;
    }

    private static LoopNode.Pointwise withoutUnit(LoopNode.Pointwise node, int d) {
        List<SymInt> sizes = new ArrayList<>(node.sizes());
        sizes.remove(d);
        return without(node, d, sizes);
    }

    /** The node without variable i_d (taken as 0), later variables renamed. */
    private static LoopNode.Pointwise without(LoopNode.Pointwise node, int d, List<SymInt> sizes) {
        List<SymInt> from = new ArrayList<>(LoopVars.outputs(node.sizes().size()));
        List<SymInt> to = new ArrayList<>();
        for (int i = 0; i < from.size(); i++) {
            to.add(i < d ? LoopVars.output(i) : i == d ? SymInt.ZERO : LoopVars.output(i - 1));
        }
        Map<String, SymInt> renaming = Indices.renaming(from, to);
        return new LoopNode.Pointwise(node.output(), sizes, node.store().substitute(renaming),
            Indices.substitute(node.body(), renaming), node.origins());
    }
}
