package dev.kiln.stages.schedule;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.schedule.KernelGroup.Rows;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Merges adjacent outer dimensions of a row group wherever all its indices allow it, so that what takes rows several at
 * a time finds longer runs of memory.
 */
final class OuterMerger {
    private OuterMerger() {
    }

    static Rows merge(Rows group) {
        Rows merged = group;
        for (int d = group.outer().size() - 2; d >= 0; d--) {
            if (Indices.mergeable(expressions(merged), outer(d), outer(d + 1), merged.outer().get(d + 1))) {
                merged = mergeAt(merged, d);
            }
        }
        return merged;
    }

    private static SymInt outer(int d) {
        return SymInt.symbol("i" + d);
    }

    private static List<SymInt> expressions(Rows group) {
        List<SymInt> found = new ArrayList<>();
        for (Stage stage : group.stages()) {
            for (Statement statement : stage.statements()) {
                found.add(statement.store());
                found.addAll(Indices.in(statement.body()));
            }
        }
        return found;
    }

    /** i_d becomes 0; i_(d+1), and all after it, move one place up. */
    private static Rows mergeAt(Rows group, int d) {
        List<SymInt> sizes = new ArrayList<>(group.outer());
        SymInt inner = sizes.remove(d + 1);
        sizes.set(d, sizes.get(d).times(inner));
        List<SymInt> from = new ArrayList<>();
        List<SymInt> to = new ArrayList<>();
        for (int i = 0; i < group.outer().size(); i++) {
            from.add(outer(i));
            to.add(i < d ? outer(i) : i == d ? SymInt.ZERO : outer(i - 1));
        }
        Map<String, SymInt> renaming = Indices.renaming(from, to);
        return new Rows(group.members(), sizes, group.stages().stream().map(s -> renamed(s, renaming)).toList(),
            group.internal());
    }

    private static Stage renamed(Stage stage, Map<String, SymInt> renaming) {
        return new Stage(stage.inner(), stage.statements().stream().map(s -> {
            Scalar body = Indices.substitute(s.body(), renaming);
            return new Statement(s.node(), s.store().substitute(renaming), body);
        }).toList());
    }
}
