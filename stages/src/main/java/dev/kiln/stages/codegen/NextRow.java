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
import java.util.stream.Collectors;

/**
 * Rows to come, fetched while a later stage computes. The first stage of a kernel with several waits for memory, the
 * others compute on what it brought; without this, memory rests meanwhile. The loop of the second stage is taken in
 * strips, and each asks for its part of a row to come, and for the place of what the last stage will write.
 *
 * @param length elements of a row
 * @param loads what the first stage reads of memory
 * @param results what the last stage writes
 */
record NextRow(SymInt length, List<Scalar.Load> loads, List<Statement> results, int outer) {
    private static final long STRIP = 128;
    private static final long SHORTEST = 4 * STRIP;
    private static final long AHEAD = 2;
    /** Elements that may be in the caches anyway. */
    private static final long CACHED = 1 << 19;
    private static final long LINE_BYTES = 64;
    private static final int MOST = 2;

    static Optional<NextRow> of(KernelGroup.Rows group) {
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
        List<Scalar.Load> loads = loads(group, first);
        return loads.isEmpty() || loads.size() > MOST ? Optional.empty()
            : Optional.of(new NextRow(first.inner().getFirst(), loads, results(group), group.outer().size() - 1));
    }

    private static List<Statement> results(KernelGroup.Rows group) {
        Stage last = group.stages().getLast();
        return last.inner().equals(group.stages().getFirst().inner()) ? last.statements().stream()
            .filter(s -> !group.internal().contains(s.output().name()) && s.node() instanceof LoopNode.Pointwise
                && runsAlong(s.store())).toList() : List.of();
    }

    private static boolean runsAlong(SymInt index) {
        return Indices.coefficient(index, SymInt.symbol("j0")).filter(c -> c.is(1)).isPresent();
    }

    private static boolean isAtMost(SymInt size, long most) {
        return size.isConstant() && size.asLong() <= most;
    }

    private static List<Scalar.Load> loads(KernelGroup.Rows group, Stage stage) {
        Set<String> own = group.members().stream().map(m -> m.output().name()).collect(Collectors.toSet());
        SymInt row = SymInt.symbol("i" + (group.outer().size() - 1));
        List<Scalar.Load> found = new ArrayList<>();
        stage.statements().forEach(statement -> statement.body().rewrite(s -> {
            if (s instanceof Scalar.Load load && !own.contains(load.buffer()) && !found.contains(load)
                    && runsAlong(load.index())
                    && Indices.coefficient(load.index(), row).filter(c -> !c.is(0)).isPresent()) {
                found.add(load);
            }
            return s;
        }));
        return found;
    }

    /** Opens the loop over strips; {@code from} and {@code to} bound the one inside. */
    String open(StringBuilder out, KernelNames names, String indent) {
        String size = names.index().print(length);
        boolean exact = length.isConstant() && length.asLong() % STRIP == 0;
        String end = "from + " + STRIP;
        out.append(indent).append("for (int64_t from = 0; from < ").append(size).append("; from += ").append(STRIP)
            .append(") {\n").append(indent).append("  const int64_t to = ")
            .append(exact ? end : "kiln_imin(" + end + ", " + size + ")").append(";\n");
        SymInt row = SymInt.symbol("i" + outer);
        for (Scalar.Load load : loads) {
            SymInt place = load.index().substitute(Map.of("i" + outer, row.plus(SymInt.of(AHEAD))));
            out.append(indent).append("  if (row + ").append(AHEAD).append(" < end) ");
            fetch(out, names, names.pointer(load.buffer()), place, load.dtype(), 0);
        }
        for (Statement result : results) {
            out.append(indent).append("  ");
            fetch(out, names, names.target(result.output().name()), result.store(), result.output().dtype(), 1);
        }
        return indent + "  ";
    }

    private static void fetch(StringBuilder out, KernelNames names, String pointer, SymInt place, DType dtype, int write) {
        out.append("for (int64_t j0 = from; j0 < to; j0 += ").append(LINE_BYTES / dtype.bytes())
            .append(") __builtin_prefetch(").append(pointer).append(" + ").append(names.index().print(place))
            .append(", ").append(write).append(", 3);\n");
    }
}
