package dev.kiln.stages.schedule;

import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Merges adjacent inner dimensions of a stage wherever all its statements walk them as one. */
final class StageMerger {
    private StageMerger() {
    }

    static Stage merge(Stage stage) {
        Stage merged = stage;
        for (int d = stage.inner().size() - 2; d >= 0; d--) {
            SymInt outer = variable(d);
            SymInt inner = variable(d + 1);
            SymInt size = merged.inner().get(d + 1);
            if (merged.statements().stream().allMatch(s -> Indices.mergeable(expressions(s), outer, inner, size))) {
                merged = mergeAt(merged, d);
            }
        }
        return merged;
    }

    private static SymInt variable(int d) {
        return SymInt.symbol("j" + d);
    }

    private static List<SymInt> expressions(Statement statement) {
        List<SymInt> expressions = Indices.in(statement.body());
        expressions.add(statement.store());
        return expressions;
    }

    /** Dimension d takes over d+1: j_d becomes 0 and j_(d+1), and all after it, move one place up. */
    private static Stage mergeAt(Stage stage, int d) {
        List<SymInt> sizes = new ArrayList<>(stage.inner());
        SymInt inner = sizes.remove(d + 1);
        sizes.set(d, sizes.get(d).times(inner));
        List<SymInt> from = new ArrayList<>();
        List<SymInt> to = new ArrayList<>();
        for (int i = d; i < stage.inner().size(); i++) {
            from.add(variable(i));
            to.add(i == d ? SymInt.ZERO : variable(i - 1));
        }
        Map<String, SymInt> renaming = Indices.renaming(from, to);
        return new Stage(sizes, stage.statements().stream().map(s -> new Statement(s.node(),
            s.store().substitute(renaming), Indices.substitute(s.body(), renaming))).toList());
    }
}
