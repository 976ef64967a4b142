package dev.kiln.stages.codegen;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Indices from memory that are the same for a whole row, as those of an embedding: computed and checked once before the
 * row's loops, not with each element, or the loop would not become vectors.
 */
final class RowIndices {
    private RowIndices() {
    }

    /** Those of a stage; what it computes itself is not known before its loops. */
    static Set<Scalar> of(Stage stage) {
        Set<String> own = new HashSet<>();
        stage.statements().forEach(s -> own.add(s.output().name()));
        Set<Scalar> found = new LinkedHashSet<>();
        stage.statements().forEach(s -> s.body().rewrite(scalar -> {
            if (scalar instanceof Scalar.Gather gather) {
                gather.indirect().stream().filter(index -> isOfRow(index, own)).forEach(found::add);
            }
            return scalar;
        }));
        return found;
    }

    private static boolean isOfRow(Scalar index, Set<String> own) {
        Collection<String> reads = LoopNode.buffersOf(index);
        return !reads.isEmpty() && reads.stream().noneMatch(own::contains) && !dependsOnInner(index);
    }

    /** Whether a value changes from element to element of a row. */
    static boolean dependsOnInner(Scalar index) {
        return index.toString().matches("(?s).*\\bj\\d+\\b.*");
    }
}
