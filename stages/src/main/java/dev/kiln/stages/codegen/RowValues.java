package dev.kiln.stages.codegen;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * What a stage computes of folded values alone, the same for a whole row: computed once, not once a strip.
 *
 * @param values the largest such expressions
 * @param direct folded buffers that the stage reads outside of these
 */
record RowValues(Set<Scalar> values, Set<String> direct) {

    /** @param folded buffers of which there is one element a row */
    static RowValues of(Stage stage, Set<String> folded) {
        RowValues found = new RowValues(new LinkedHashSet<>(), new HashSet<>());
        stage.statements().forEach(s -> found.visit(s.body(), folded));
        return found;
    }

    private void visit(Scalar scalar, Set<String> folded) {
        switch (scalar) {
            case Scalar.Load load when folded.contains(load.buffer()) -> direct.add(load.buffer());
            case Scalar.Apply apply when isOfRow(apply, folded) && readsAny(apply) -> values.add(apply);
            case Scalar.Apply apply -> apply.args().forEach(a -> visit(a, folded));
            case Scalar.Gather gather -> gather.indirect().forEach(a -> visit(a, folded));
            default -> { }
        }
    }

    private static boolean isOfRow(Scalar scalar, Set<String> folded) {
        return switch (scalar) {
            case Scalar.Literal literal -> true;
            case Scalar.Load load -> folded.contains(load.buffer());
            case Scalar.Apply apply -> apply.args().stream().allMatch(a -> isOfRow(a, folded));
            default -> false;
        };
    }

    private static boolean readsAny(Scalar scalar) {
        return scalar instanceof Scalar.Load
            || scalar instanceof Scalar.Apply apply && apply.args().stream().anyMatch(RowValues::readsAny);
    }
}
