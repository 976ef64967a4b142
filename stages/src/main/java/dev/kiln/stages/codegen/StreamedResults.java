package dev.kiln.stages.codegen;

import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.schedule.Indices;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * Results that leave the caches before anybody reads them: a strip of each is computed into a short array, which goes to
 * memory in whole lines past the caches, so that memory is not read first to be overwritten. Strips must be short: the
 * processor holds few stores back, and memory rests while it computes.
 */
final class StreamedResults {
    private static final long SMALLEST_BYTES = 32 << 20;

    private final KernelNames names;
    private final int width;
    private final boolean whole;
    private final Map<Statement, String> lines = new LinkedHashMap<>();

    private StreamedResults(KernelNames names, int width, boolean whole) {
        this.names = names;
        this.width = width;
        this.whole = whole;
    }

    static StreamedResults none() {
        return new StreamedResults(null, 0, false);
    }

    /**
     * For the results of a stage.
     *
     * @param kept buffers that a row array holds
     * @param width elements of a strip
     * @param whole whether strips are of full width always; they go from registers to memory then
     */
    static StreamedResults of(KernelGroup.Rows group, Stage stage, KernelNames names, Set<String> kept, int width,
            boolean whole) {
        StreamedResults results = new StreamedResults(names, width, whole);
        for (Statement statement : stage.statements()) {
            String output = statement.output().name();
            SymInt bytes = statement.output().bytes();
            if (!group.internal().contains(output) && !kept.contains(output) && bytes.isConstant()
                    && bytes.asLong() >= SMALLEST_BYTES && runsInward(statement.store())) {
                results.lines.put(statement, results.names.fresh("line_"));
            }
        }
        return results;
    }

    private static boolean runsInward(SymInt index) {
        return Indices.coefficient(index, SymInt.symbol("j0")).filter(c -> c.is(1)).isPresent();
    }

    boolean isEmpty() {
        return lines.isEmpty();
    }

    boolean has(String buffer) {
        return lines.keySet().stream().anyMatch(s -> s.output().name().equals(buffer));
    }

    String arrays() {
        StringBuilder text = new StringBuilder();
        lines.forEach((statement, line) -> text.append("  ").append(CTypes.stored(statement.output().dtype())).append(' ')
            .append(line).append('[').append(width).append("] __attribute__((aligned(64)));\n"));
        return text.toString();
    }

    /** The element of a result before it goes to memory. */
    String element(String buffer) {
        return lines.entrySet().stream().filter(e -> e.getKey().output().name().equals(buffer)).findFirst()
            .orElseThrow().getValue() + "[j0 - from]";
    }

    /** Writes a strip, elements {@code from} to {@code to}. */
    void write(StringBuilder out, String indent) {
        lines.forEach((statement, line) -> out.append(indent).append("{ const int64_t j0 = from; ")
            .append(whole ? "kiln_stream_whole(" : "kiln_stream(").append(names.target(statement.output().name()))
            .append(" + ").append(names.index().print(statement.store())).append(", ").append(line).append(", ")
            .append(whole ? Integer.toString(width) : "(to - from)").append(" * ")
            .append(statement.output().dtype().bytes()).append("); }\n"));
    }
}
