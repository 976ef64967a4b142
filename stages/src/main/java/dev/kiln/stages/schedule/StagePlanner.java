package dev.kiln.stages.schedule;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.LoopVars;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Orders the members of a row group into stages: a statement joins the first stage with its inner sizes that comes
 * after everything it needs. Inner variables are named j0, j1, ... in all members.
 */
final class StagePlanner {
    /** Elements of a row that may be kept on a worker's stack; longer or symbolic rows stay in planned memory. */
    static final long STACK_ROW = 4096;

    private final List<LoopNode> members;
    private final int outerRank;
    private final List<List<Statement>> stages = new ArrayList<>();
    private final List<List<SymInt>> inners = new ArrayList<>();
    private final Map<String, Integer> stageOf = new HashMap<>();
    private final Map<String, Statement> producers = new HashMap<>();
    private final Set<String> acrossStages = new HashSet<>();

    private StagePlanner(List<LoopNode> members, int outerRank) {
        this.members = members;
        this.outerRank = outerRank;
    }

    /** @param rank what the group's reductions keep; null for a group of pointwise nodes only */
    static KernelGroup.Rows plan(List<LoopNode> members, Integer rank, Set<String> visible) {
        if (rank == null) {
            return planPointwise(members, visible);
        }
        return OuterMerger.merge(new StagePlanner(members, rank).plan(visible));
    }

    /** One stage; dimensions that all members walk alike are merged, the last one that is left is the inner loop. */
    private static KernelGroup.Rows planPointwise(List<LoopNode> members, Set<String> visible) {
        List<LoopNode> merged = DimensionMerger.merge(members);
        int rank = RowsBuilder.sizes(merged.getFirst()).size();
        KernelGroup.Rows rows = new StagePlanner(merged, Math.max(0, rank - 1)).plan(visible);
        return new KernelGroup.Rows(members, rows.outer(), rows.stages(), rows.internal());
    }

    private KernelGroup.Rows plan(Set<String> visible) {
        members.forEach(this::place);
        List<Stage> planned = new ArrayList<>();
        for (int i = 0; i < stages.size(); i++) {
            planned.add(StageMerger.merge(new Stage(inners.get(i), List.copyOf(stages.get(i)))));
        }
        List<SymInt> outer = RowsBuilder.sizes(members.getFirst()).subList(0, outerRank);
        return new KernelGroup.Rows(members, outer, planned, internal(visible));
    }

    private void place(LoopNode node) {
        Statement statement = statement(node);
        List<SymInt> inner = inner(node);
        int earliest = 0;
        for (Scalar.Load load : loads(statement.body())) {
            Statement producer = producers.get(load.buffer());
            if (producer != null) {
                boolean sameElement = producer.node() instanceof LoopNode.Pointwise
                    && load.index().equals(producer.store()) && inner.equals(inners.get(stageOf.get(load.buffer())));
                earliest = Math.max(earliest, stageOf.get(load.buffer()) + (sameElement ? 0 : 1));
            }
        }
        int stage = earliest;
        while (stage < stages.size() && !inners.get(stage).equals(inner)) {
            stage++;
        }
        if (stage == stages.size()) {
            stages.add(new ArrayList<>());
            inners.add(inner);
        }
        stages.get(stage).add(statement);
        stageOf.put(node.output().name(), stage);
        producers.put(node.output().name(), statement);
        for (Scalar.Load load : loads(statement.body())) {
            if (producers.containsKey(load.buffer()) && stageOf.get(load.buffer()) != stage) {
                acrossStages.add(load.buffer());
            }
        }
    }

    private Statement statement(LoopNode node) {
        List<SymInt> from = new ArrayList<>();
        List<SymInt> to = new ArrayList<>();
        int rank = RowsBuilder.sizes(node).size();
        for (int d = outerRank; d < rank; d++) {
            from.add(LoopVars.output(d));
            to.add(SymInt.symbol("j" + (d - outerRank)));
        }
        if (node instanceof LoopNode.Reduction r) {
            for (int d = 0; d < r.reduced().size(); d++) {
                from.add(LoopVars.reduced(d));
                to.add(SymInt.symbol("j" + d));
            }
        }
        Map<String, SymInt> renaming = Indices.renaming(from, to);
        return new Statement(node, RowsBuilder.store(node).substitute(renaming),
            Indices.substitute(RowsBuilder.body(node), renaming));
    }

    private List<SymInt> inner(LoopNode node) {
        return node instanceof LoopNode.Reduction r ? r.reduced()
            : RowsBuilder.sizes(node).subList(outerRank, RowsBuilder.sizes(node).size());
    }

    private static List<Scalar.Load> loads(Scalar body) {
        List<Scalar.Load> loads = new ArrayList<>();
        body.rewrite(s -> {
            if (s instanceof Scalar.Load load) {
                loads.add(load);
            }
            return s;
        });
        return loads;
    }

    private Set<String> internal(Set<String> visible) {
        Set<String> internal = new HashSet<>();
        for (LoopNode node : members) {
            String name = node.output().name();
            if (!visible.contains(name) && (!acrossStages.contains(name) || fitsStack(node))) {
                internal.add(name);
            }
        }
        return internal;
    }

    private boolean fitsStack(LoopNode node) {
        if (node instanceof LoopNode.Reduction) {
            return true;
        }
        SymInt row = SymInt.product(inner(node));
        return row.isConstant() && row.asLong() <= STACK_ROW;
    }
}
