package dev.kiln.stages.codegen;

import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.schedule.Indices;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A kept dimension as the innermost loop of a kernel with reductions. Where memory runs along the last dimension that
 * is kept and not along what is reduced (sums over leading or middle dimensions, softmax over channels, pooling
 * windows), rows are taken {@code width} at a time, with an accumulator each.
 *
 * @param dim the last outer dimension
 */
record Lanes(int dim, SymInt size, long width) {
    /** Elements of a window: its loops are unrolled, and accumulators stay in registers. */
    private static final long WINDOW = 32;
    private static final long SMALLEST = 8;
    private static final long VECTOR = 16;
    private static final long WIDEST = 1024;
    private static final long SYMBOLIC = 256;
    private static final long FAIR = 8;
    /** Elements of row arrays, over all lanes. */
    private static final long ROOM = 16384;

    /** @param longest elements of the longest row that is kept in an array; 0 for none */
    static Optional<Lanes> of(KernelGroup.Rows group, long longest) {
        List<SymInt> outer = group.outer();
        boolean reduces = group.stages().stream().flatMap(s -> s.statements().stream())
            .anyMatch(s -> s.node() instanceof LoopNode.Reduction);
        if (!reduces || outer.isEmpty() || longest > ROOM / VECTOR || tiny(outer.getLast()) || !pays(group)) {
            return Optional.empty();
        }
        long room = longest == 0 ? WIDEST : Math.min(WIDEST, ROOM / longest / VECTOR * VECTOR);
        SymInt before = SymInt.product(outer.subList(0, outer.size() - 1));
        SymInt size = outer.getLast();
        if (before.isConstant() && size.isConstant() && before.asLong() * size.asLong() / room < FAIR) {
            room = Math.min(room, SYMBOLIC);
        }
        return Optional.of(new Lanes(outer.size() - 1, size, width(size, room)));
    }

    private static boolean tiny(SymInt size) {
        return size.isConstant() && size.asLong() < SMALLEST;
    }

    /** A width without a rest, if there is one. */
    private static long width(SymInt size, long room) {
        if (!size.isConstant()) {
            return Math.min(SYMBOLIC, room);
        }
        if (size.asLong() <= room) {
            return size.asLong();
        }
        for (long width = room; width >= room / 4 && width >= VECTOR; width -= VECTOR) {
            if (size.asLong() % width == 0) {
                return width;
            }
        }
        return room;
    }

    private static boolean pays(KernelGroup.Rows group) {
        int across = 0;
        int along = 0;
        for (Stage stage : group.stages()) {
            for (Statement statement : stage.statements()) {
                if (gathers(statement.body())) {
                    return false;
                }
                for (SymInt index : memory(statement, group)) {
                    switch (direction(index, stage, group.outer().size() - 1)) {
                        case ACROSS -> across++;
                        case ALONG -> along++;
                        case NEITHER -> { }
                    }
                }
            }
        }
        return across > along;
    }

    private enum Direction { ACROSS, ALONG, NEITHER }

    private static Direction direction(SymInt index, Stage stage, int dim) {
        Optional<SymInt> lane = Indices.coefficient(index, SymInt.symbol("i" + dim));
        Optional<SymInt> inner = stage.inner().isEmpty() ? Optional.of(SymInt.ZERO)
            : Indices.coefficient(index, SymInt.symbol("j" + (stage.inner().size() - 1)));
        if (lane.isEmpty() || inner.isEmpty()) {
            return Direction.ALONG;
        }
        if (lane.get().is(0)) {
            return Direction.NEITHER;
        }
        boolean near = lane.get().isConstant() && lane.get().asLong() > 0 && lane.get().asLong() <= 4;
        return near && isWindow(stage) || lane.get().is(1) && !inner.get().is(1) ? Direction.ACROSS : Direction.ALONG;
    }

    private static boolean gathers(Scalar body) {
        boolean[] found = {false};
        body.rewrite(s -> {
            found[0] |= s instanceof Scalar.Gather;
            return s;
        });
        return found[0];
    }

    /** Where a statement touches memory that is not the group's own. */
    private static List<SymInt> memory(Statement statement, KernelGroup.Rows group) {
        Set<String> own = group.members().stream().map(m -> m.output().name())
            .collect(java.util.stream.Collectors.toSet());
        List<SymInt> found = new java.util.ArrayList<>();
        statement.body().rewrite(s -> {
            if (s instanceof Scalar.Load load && !own.contains(load.buffer())) {
                found.add(load.index());
            }
            return s;
        });
        if (statement.node() instanceof LoopNode.Pointwise && !group.internal().contains(statement.output().name())) {
            found.add(statement.store());
        }
        return found;
    }

    /** Whether a stage's inner loops are so short that they are unrolled inside the lanes. */
    static boolean isWindow(Stage stage) {
        SymInt elements = SymInt.product(stage.inner());
        return elements.isConstant() && elements.asLong() <= WINDOW;
    }

    /** Whether the last tile is as wide as the others. */
    boolean isExact() {
        return size.isConstant() && size.asLong() % width == 0;
    }

    String variable() {
        return "i" + dim;
    }
}
