package dev.kiln.stages.schedule;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A template node and, for a matrix, the pointwise nodes that can run on its tiles. */
final class TemplateBuilder implements GroupBuilder {
    private final LoopNode node;
    private final List<LoopNode> members = new ArrayList<>();
    private final List<Statement> epilogue = new ArrayList<>();
    private final Map<String, SymInt> stores = new HashMap<>();

    TemplateBuilder(LoopNode node) {
        this.node = node;
        members.add(node);
        if (node instanceof LoopNode.Matrix matrix) {
            SymInt row = matrix.m().is(1) ? SymInt.ZERO : SymInt.symbol("i0").times(matrix.n());
            stores.put(node.output().name(), row.plus(SymInt.symbol("i1")));
        }
    }

    @Override
    public List<LoopNode> members() {
        return members;
    }

    @Override
    public boolean tryAdd(LoopNode candidate) {
        if (!(node instanceof LoopNode.Matrix product) || !(candidate instanceof LoopNode.Pointwise pointwise)
                || writes(candidate.output().name())) {
            return false;
        }
        LoopNode.Pointwise matrix = DimensionMerger.toMatrix(pointwise, product.m(), SymInt.of(product.n()));
        if (matrix == null || !readsOwnElementOnly(matrix.body())) {
            return false;
        }
        members.add(candidate);
        epilogue.add(new Statement(matrix, matrix.store(), matrix.body()));
        stores.put(candidate.output().name(), matrix.store());
        return true;
    }

    private boolean readsOwnElementOnly(Scalar body) {
        boolean[] own = {true};
        body.rewrite(s -> {
            switch (s) {
                case Scalar.Load load when stores.containsKey(load.buffer()) ->
                    own[0] &= load.index().equals(stores.get(load.buffer()));
                case Scalar.Gather gather -> own[0] &= !stores.containsKey(gather.buffer());
                default -> { }
            }
            return s;
        });
        return own[0];
    }

    @Override
    public KernelGroup build(Set<String> visible) {
        Set<String> internal = new HashSet<>();
        if (!epilogue.isEmpty()) {
            members.stream().map(m -> m.output().name()).filter(n -> !visible.contains(n)).forEach(internal::add);
        }
        return new KernelGroup.Template(node, List.copyOf(epilogue), internal);
    }
}
