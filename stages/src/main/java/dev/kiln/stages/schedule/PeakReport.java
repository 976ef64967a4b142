package dev.kiln.stages.schedule;

import dev.kiln.stages.lowering.LoopProgram;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What is alive in the workspace where most of it is, by the hints of open sizes: for {@code --explain} and for
 * {@code KILN_DUMP}. Groups are numbered in order of execution.
 *
 * @param planned bytes of the whole workspace
 * @param alive bytes alive while each group runs
 */
public record PeakReport(long planned, long[] alive, List<Row> rows, List<String> groups) {
    /**
     * A buffer.
     *
     * @param first the group that writes it; -1 if it is there before
     * @param last the last group that reads it, unless that writes its result over it; the number of groups if it outlives
     *     them
     */
    public record Row(String buffer, long bytes, int first, int last, boolean scratch) {
    }

    public static PeakReport of(Schedule schedule) {
        LoopProgram program = schedule.program();
        List<Row> rows = new ArrayList<>();
        long[] alive = new long[schedule.groups().size()];
        List<Life> lives = Life.all(program, schedule.groups(), schedule.placement().inWorkspace());
        Map<String, Integer> overwritten = new HashMap<>();
        lives.stream().filter(l -> schedule.memory().inPlace().containsKey(l.name()))
            .forEach(l -> overwritten.put(schedule.memory().inPlace().get(l.name()), l.first()));
        for (Life life : lives) {
            int last = overwritten.containsKey(life.name()) ? life.last() - 1 : life.last();
            long bytes = program.shapes().limit(life.bytes()).map(program.shapes()::hint).orElse(0L);
            rows.add(new Row(life.name(), bytes, life.first(), last, life.scratch()));
            for (int g = Math.max(0, life.first()); g <= Math.min(last, alive.length - 1); g++) {
                alive[g] += bytes;
            }
        }
        List<String> groups = schedule.groups().stream()
            .map(g -> String.join(", ", g.members().stream().map(m -> m.output().name()).toList())).toList();
        long planned = schedule.memory().slots().stream().mapToLong(program.shapes()::hint).sum();
        return new PeakReport(planned, alive, List.copyOf(rows), groups);
    }

    /** The first group with the most bytes; -1 if there is none. */
    public int peak() {
        int peak = alive.length - 1;
        for (int g = alive.length - 2; g >= 0; g--) {
            peak = alive[g] >= alive[peak] ? g : peak;
        }
        return peak;
    }

    /** Bytes alive there. */
    public long most() {
        return alive.length == 0 ? 0 : alive[peak()];
    }

    /** What is alive while a group runs, the largest first. */
    public List<Row> during(int group) {
        return rows.stream().filter(r -> r.first() <= group && group <= r.last())
            .sorted(Comparator.comparingLong(Row::bytes).reversed().thenComparing(Row::buffer)).toList();
    }

    public String summary() {
        return String.format(Locale.ROOT, "workspace of %,d bytes, %,d alive at the peak%s", planned, most(),
            alive.length == 0 ? "" : ": kernel " + peak() + " (" + groups.get(peak()) + ")");
    }

    /** The summary, the buffers at the peak, the bytes of each kernel, all buffers in the order of their beginnings. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(summary()).append("\n\nalive at the peak\n");
        during(peak()).forEach(row -> append(text, row));
        text.append("\nalive by kernel\n");
        for (int g = 0; g < alive.length; g++) {
            text.append(String.format(Locale.ROOT, "%,14d  %4d  %s%n", alive[g], g, groups.get(g)));
        }
        text.append("\nall buffers\n");
        rows.forEach(row -> append(text, row));
        return text.toString();
    }

    private static void append(StringBuilder text, Row row) {
        text.append(String.format(Locale.ROOT, "%,14d  kernels %4d to %4d  %s%s%n", row.bytes(), row.first(), row.last(),
            row.buffer(), row.scratch() ? " (scratch)" : ""));
    }
}
