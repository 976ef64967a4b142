package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.schedule.Indices;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * Memory that is asked for before it is needed. In a kernel of several stages these are rows to come: the first stage
 * waits for memory, the others compute on what it brought; without this, memory rests meanwhile. The loop of the second
 * stage is taken in strips ({@link RowStrips}), and each asks for its part of a row to come, and for the place of what the
 * last stage will write. A flat loop over large tensors asks for what is some strips ahead, since the processor's window spans fewer
 * lines the more it computes on each; its results pass the caches by ({@link StreamedResults}) and need no fetch.
 *
 * @param length elements of a row
 * @param loads what the first stage reads of memory
 * @param results what the last stage writes
 * @param outer the dimension that counts rows; -1 for a flat loop
 * @param once whether loads are too large to stay in the caches
 */
record FetchAhead(SymInt length, List<Scalar.Load> loads, List<Statement> results, int outer, boolean once) {
    /** Elements of a strip of a flat loop. */
    static final int STRIP = 128;
    /** Elements of a strip of a row: little enough to stay in registers from loop to loop. */
    static final int ROW_STRIP = 64;
    private static final long SHORTEST = 512;
    /** What of the rows to come is asked for; more of them would push each other out of the innermost cache. */
    private static final long BYTES_AHEAD = 12 << 10;
    private static final long LEAST_ROWS_AHEAD = 2;
    private static final long MOST_ROWS_AHEAD = 8;
    private static final long ELEMENTS_AHEAD = 16L * STRIP;
    /** Elements that may be in the caches anyway. */
    private static final long CACHED = 1 << 19;
    private static final long LINE_BYTES = 64;
    private static final int MOST = 2;
    /** What is used once need not push other lines out of the outer caches, nor be written to them as it leaves. */
    private static final int ONCE = 0;
    private static final int OFTEN = 3;
    /** Elements from which on a flat loop waits for memory, and what is read is gone from the caches before it is read again. */
    private static final long LARGE = 4 << 20;

    static Optional<FetchAhead> of(KernelGroup.Rows group, boolean flat) {
        return flat ? flat(group) : rows(group);
    }

    private static Optional<FetchAhead> flat(KernelGroup.Rows group) {
        Stage only = group.stages().getFirst();
        SymInt length = only.inner().getFirst();
        List<Scalar.Load> loads = loads(group, only, index -> true);
        return !length.isConstant() || length.asLong() < LARGE || loads.isEmpty() || loads.size() > MOST
            ? Optional.empty() : Optional.of(new FetchAhead(length, loads, results(group), -1, true));
    }

    private static Optional<FetchAhead> rows(KernelGroup.Rows group) {
        if (group.stages().size() < 2 || group.outer().isEmpty()) {
            return Optional.empty();
        }
        Stage first = group.stages().getFirst();
        boolean lines = group.stages().subList(0, 2).stream().allMatch(s -> s.inner().size() == 1
            && s.inner().equals(first.inner()));
        if (!lines || isAtMost(first.inner().getFirst(), SHORTEST - 1)
                || isAtMost(SymInt.product(group.outer()).times(first.inner().getFirst()), CACHED)) {
            return Optional.empty();
        }
        SymInt row = SymInt.symbol("i" + (group.outer().size() - 1));
        List<Scalar.Load> loads = loads(group, first,
            index -> Indices.coefficient(index, row).filter(c -> !c.is(0)).isPresent());
        SymInt elements = SymInt.product(group.outer()).times(first.inner().getFirst());
        boolean once = elements.isConstant() && elements.asLong() >= LARGE;
        return loads.isEmpty() || loads.size() > MOST ? Optional.empty() : Optional.of(
            new FetchAhead(first.inner().getFirst(), loads, results(group), group.outer().size() - 1, once));
    }

    private static List<Statement> results(KernelGroup.Rows group) {
        Stage last = group.stages().getLast();
        return last.inner().equals(group.stages().getFirst().inner()) ? last.statements().stream()
            .filter(s -> !group.internal().contains(s.output().name()) && s.node() instanceof LoopNode.Pointwise
                && runsAlong(s.store())).toList() : List.of();
    }

    /** Whether a row of a load lies in one run. */
    boolean runsAlong(Scalar.Load load) {
        return runsAlong(load.index());
    }

    private static boolean runsAlong(SymInt index) {
        return Indices.coefficient(index, SymInt.symbol("j0")).filter(c -> c.is(1)).isPresent();
    }

    private static boolean isAtMost(SymInt size, long most) {
        return size.isConstant() && size.asLong() <= most;
    }

    private static List<Scalar.Load> loads(KernelGroup.Rows group, Stage stage, Predicate<SymInt> wanted) {
        Set<String> own = group.members().stream().map(m -> m.output().name()).collect(Collectors.toSet());
        List<Scalar.Load> found = new ArrayList<>();
        stage.statements().forEach(statement -> statement.body().rewrite(s -> {
            if (s instanceof Scalar.Load load && !own.contains(load.buffer()) && !found.contains(load)
                    && runsAlong(load.index()) && wanted.test(load.index())) {
                found.add(load);
            }
            return s;
        }));
        return found;
    }

    /** Opens the loop over strips; {@code from} and {@code to} bound the one inside. */
    String open(StringBuilder out, KernelNames names, String indent) {
        boolean flat = outer < 0;
        String size = flat ? "end" : names.index().print(length);
        int strip = flat ? STRIP : ROW_STRIP;
        String end = "from + " + strip;
        out.append(indent).append("for (int64_t from = ").append(flat ? "begin" : "0").append("; from < ").append(size)
            .append("; from += ").append(strip).append(") {\n").append(indent).append("  const int64_t to = ")
            .append(whole() ? end : "kiln_imin(" + end + ", " + size + ")").append(";\n");
        return indent + "  ";
    }

    /** Whether all strips are of full width. */
    boolean whole() {
        return outer >= 0 && length.isConstant() && length.asLong() % ROW_STRIP == 0;
    }

    /** Asks for what is used later, in a strip. */
    void fetch(StringBuilder out, KernelNames names, StreamedResults streamed, String indent) {
        boolean flat = outer < 0;
        long rows = rowsAhead();
        Map<String, SymInt> ahead = flat ? Map.of("j0", SymInt.symbol("j0").plus(SymInt.of(ELEMENTS_AHEAD)))
            : Map.of("i" + outer, SymInt.symbol("i" + outer).plus(SymInt.of(rows)));
        for (Scalar.Load load : loads) {
            out.append(indent).append(flat ? "" : "if (row + " + rows + " < end) ");
            fetch(out, names, names.pointer(load.buffer()), load.index().substitute(ahead), load.dtype(), 0,
                once ? ONCE : OFTEN);
        }
        for (Statement result : results) {
            if (streamed.has(result.output().name())) {
                continue;
            }
            SymInt place = flat ? result.store().substitute(ahead) : result.store();
            out.append(indent);
            fetch(out, names, names.target(result.output().name()), place, result.output().dtype(), 1, OFTEN);
        }
    }

    private long rowsAhead() {
        long bytes = loads.stream().mapToLong(l -> l.dtype().bytes()).sum();
        long rows = length.isConstant() ? Math.ceilDiv(BYTES_AHEAD, length.asLong() * bytes) : LEAST_ROWS_AHEAD;
        return Math.clamp(rows, LEAST_ROWS_AHEAD, MOST_ROWS_AHEAD);
    }

    private static void fetch(StringBuilder out, KernelNames names, String pointer, SymInt place, DType dtype, int write,
            int locality) {
        out.append("for (int64_t j0 = from; j0 < to; j0 += ").append(LINE_BYTES / dtype.bytes())
            .append(") __builtin_prefetch(").append(pointer).append(" + ").append(names.index().print(place))
            .append(", ").append(write).append(", ").append(locality).append(");\n");
    }
}
