package dev.kiln.stages.schedule;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.LoopVars;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Collects pointwise nodes and reductions that exchange data only within a row. The rows are the dimensions that the
 * first reduction keeps; a group without a reduction has one stage over all dimensions.
 */
final class RowsBuilder implements GroupBuilder {
    private static final long LONGEST_SINGLE_ROW = 8192;

    private final List<LoopNode> members = new ArrayList<>();
    /** Outer rank, once a reduction has fixed it. */
    private Integer rank;

    RowsBuilder(LoopNode first) {
        members.add(first);
        rank = first instanceof LoopNode.Reduction r ? r.sizes().size() : null;
    }

    @Override
    public List<LoopNode> members() {
        return members;
    }

    @Override
    public boolean tryAdd(LoopNode node) {
        if (writes(node.output().name())) {
            return false;
        }
        int outer = switch (node) {
            case LoopNode.Pointwise p -> rank != null ? rank : p.sizes().size();
            case LoopNode.Reduction r -> rank != null ? rank : r.sizes().size();
            default -> -1;
        };
        if (outer < 0 || outer == 0 && isLong(node) || !sameRows(node, outer) || !exchangesWithinRows(node, outer)) {
            return false;
        }
        members.add(node);
        if (node instanceof LoopNode.Reduction) {
            rank = outer;
        }
        return true;
    }

    /** Whether it is more than one thread should do alone, as the only row of a group. */
    private static boolean isLong(LoopNode node) {
        SymInt elements = SymInt.product(sizes(node));
        return !elements.isConstant() || elements.asLong() > LONGEST_SINGLE_ROW;
    }

    private boolean sameRows(LoopNode node, int outer) {
        List<SymInt> sizes = sizes(node);
        boolean reductionFits = !(node instanceof LoopNode.Reduction) || sizes.size() == outer;
        if (!reductionFits || sizes.size() < outer) {
            return false;
        }
        List<SymInt> rows = sizes.subList(0, outer);
        return members.stream().allMatch(m -> sizes(m).size() >= outer && sizes(m).subList(0, outer).equals(rows)
            && (rank != null || node instanceof LoopNode.Reduction || sizes(m).size() == outer));
    }

    /** Each read of a member's result stays in the reader's own row, and no member is read through indices. */
    private boolean exchangesWithinRows(LoopNode node, int outer) {
        Map<String, LoopNode> producers = new HashMap<>();
        members.forEach(m -> producers.put(m.output().name(), m));
        boolean[] local = {true};
        body(node).rewrite(s -> {
            switch (s) {
                case Scalar.Load load when producers.containsKey(load.buffer()) ->
                    local[0] &= RowAccess.staysInRow(node, load.index(), producers.get(load.buffer()), outer);
                case Scalar.Gather gather -> local[0] &= !producers.containsKey(gather.buffer());
                default -> { }
            }
            return s;
        });
        return local[0];
    }

    @Override
    public KernelGroup build(Set<String> visible) {
        return StagePlanner.plan(members, rank, visible);
    }

    static List<SymInt> sizes(LoopNode node) {
        return switch (node) {
            case LoopNode.Pointwise p -> p.sizes();
            case LoopNode.Reduction r -> r.sizes();
            default -> throw new IllegalArgumentException("not a loop: " + node);
        };
    }

    static Scalar body(LoopNode node) {
        return switch (node) {
            case LoopNode.Pointwise p -> p.body();
            case LoopNode.Reduction r -> r.body();
            default -> throw new IllegalArgumentException("not a loop: " + node);
        };
    }

    static SymInt store(LoopNode node) {
        return switch (node) {
            case LoopNode.Pointwise p -> p.store();
            case LoopNode.Reduction r -> LoopVars.offset(LoopVars.outputs(r.sizes().size()),
                dev.kiln.ops.graph.FakeTensor.contiguousStrides(r.sizes()))
                .substitute(LoopVars.units(r.sizes(), LoopVars::output));
            default -> throw new IllegalArgumentException("not a loop: " + node);
        };
    }
}
