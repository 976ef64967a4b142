package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The last of three stages, done strip by strip between the strips of the next row's second stage. On its own it would do
 * nothing but store, more than the processor holds back, and memory would rest during the others. Row arrays are double,
 * and what the stages before have folded is remembered for a row.
 *
 * @param length elements of a row, a multiple of a strip
 * @param remembered variables that hold one value a row, and their types
 * @param text what is done for a strip of the row before {@code row}
 */
record DelayedStage(long length, StreamedResults results, Map<String, String> remembered, StringBuilder text) {
    static final int LAST = 2;

    /** @param kept buffers that a row array holds */
    static Optional<DelayedStage> of(KernelGroup.Rows group, KernelNames names, Set<String> kept) {
        List<Stage> stages = group.stages();
        if (stages.size() != LAST + 1 || stages.getFirst().inner().size() != 1
                || stages.stream().anyMatch(s -> !s.inner().equals(stages.getFirst().inner()))
                || stages.stream().anyMatch(s -> s.statements().stream().anyMatch(t -> FoldWriter.isArg(t.node())))) {
            return Optional.empty();
        }
        Stage last = stages.get(LAST);
        SymInt length = last.inner().getFirst();
        if (!length.isConstant() || length.asLong() % FetchAhead.ROW_STRIP != 0
                || last.statements().stream().anyMatch(s -> s.node() instanceof LoopNode.Reduction)) {
            return Optional.empty();
        }
        StreamedResults results = StreamedResults.of(group, last, names, kept, FetchAhead.ROW_STRIP, true);
        return results.isEmpty() ? Optional.empty()
            : Optional.of(new DelayedStage(length.asLong(), results, new LinkedHashMap<>(), new StringBuilder()));
    }

    /** Two rows of an array. */
    static String both(String array) {
        return array + "_both";
    }

    private static String before(String variable) {
        return variable + "_before";
    }

    private String rowOf(Map<String, String> arrays, KernelGroup.Rows group, String which, String indent) {
        StringBuilder out = new StringBuilder();
        group.stages().forEach(stage -> stage.statements().forEach(s -> {
            String array = arrays.get(s.output().name());
            if (array != null) {
                out.append(indent).append(CTypes.stored(s.output().dtype())).append("* const ").append(array).append(" = ")
                    .append(both(array)).append(" + (").append(which).append(" & 1) * ").append(length).append(";\n");
            }
        }));
        return out.toString();
    }

    String ownArrays(KernelGroup.Rows group, Map<String, String> arrays, String indent) {
        return rowOf(arrays, group, "row", indent);
    }

    /** Keeps the value of a variable for the time of the next row. */
    void keep(String variable, DType dtype) {
        remembered.put(variable, CTypes.computed(dtype));
    }

    /** Row arrays and kept values of the row before, under the names they have in their own row. */
    String earlierValues(KernelGroup.Rows group, Map<String, String> arrays, String indent) {
        StringBuilder out = new StringBuilder(rowOf(arrays, group, "row", indent));
        remembered.forEach((variable, type) -> out.append(indent).append("const ").append(type).append(' ').append(variable)
            .append(" = ").append(before(variable)).append(";\n"));
        return out.toString();
    }

    /** Takes what is done for a strip of a row, and says how it is done while the next row is worked on. */
    String duringNextRow(String strip, String indent) {
        text.append(strip);
        return indent + "if (row > begin) {\n" + indent + "  const int64_t now = row, row = now - 1;\n" + strip + indent
            + "}\n";
    }

    String declarations() {
        StringBuilder out = new StringBuilder();
        remembered.forEach((variable, type) -> out.append("  ").append(type).append(' ').append(before(variable))
            .append(" = 0;\n"));
        return out.toString();
    }

    String remember(String indent) {
        StringBuilder out = new StringBuilder();
        remembered.keySet().forEach(v -> out.append(indent).append(before(v)).append(" = ").append(v).append(";\n"));
        return out.toString();
    }

    /** The strips of the last row, which no other follows. */
    String lastRow() {
        return "  if (begin < end) for (int64_t from = 0; from < " + length + "; from += " + FetchAhead.ROW_STRIP + ") {\n"
            + "    const int64_t row = end - 1, to = from + " + FetchAhead.ROW_STRIP + ";\n" + text + "  }\n";
    }
}
