package dev.kiln.stages.codegen;

import dev.kiln.ops.DType;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.scalar.ScalarOp;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode;
import dev.kiln.stages.lowering.ReduceOp;
import dev.kiln.stages.schedule.KernelGroup;
import dev.kiln.stages.schedule.KernelGroup.Stage;
import dev.kiln.stages.schedule.KernelGroup.Statement;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Whether a row's maximum may ignore NaN because a NaN in the row gets to all results of the group without it, as in
 * softmax: the exponential of NaN is in the sum by which all are divided. Values of a row that has a NaN are followed
 * twice, at the place of the NaN and at other places.
 */
final class NanReach {
    /** What is known of a value whatever the maximum is: it is NaN, it does not depend on it, or it may. */
    private enum State { NAN, SAME, OPEN }

    private record Places(State atNan, State elsewhere) {
        static Places both(State state) {
            return new Places(state, state);
        }

        boolean isOpen() {
            return atNan == State.OPEN || elsewhere == State.OPEN;
        }
    }

    private record Known(Places places, SymInt store) {
    }

    private static final Set<ScalarOp> PASSING = EnumSet.of(ScalarOp.ADD, ScalarOp.SUB, ScalarOp.MUL, ScalarOp.DIV,
        ScalarOp.NEG, ScalarOp.EXP, ScalarOp.LOG, ScalarOp.CAST);

    private final Statement most;
    private final Map<String, Known> known = new HashMap<>();

    private NanReach(Statement most) {
        this.most = most;
    }

    /** @param most a maximum over the elements of a row */
    static boolean without(KernelGroup.Rows group, Statement most) {
        if (!group.internal().contains(most.output().name())) {
            return false;
        }
        NanReach reach = new NanReach(most);
        Stage own = group.stages().stream().filter(s -> s.statements().contains(most)).findFirst().orElseThrow();
        for (Stage stage : group.stages()) {
            for (Statement statement : stage.statements()) {
                Places places = statement == most ? Places.both(State.OPEN)
                    : reach.result(statement, stage.inner().equals(own.inner()));
                reach.known.put(statement.output().name(), new Known(places, statement.store()));
                if (places.isOpen() && !group.internal().contains(statement.output().name())) {
                    return false;
                }
            }
        }
        return true;
    }

    /** @param alongside whether the statement is done for each element that the maximum is taken of */
    private Places result(Statement statement, boolean alongside) {
        State elsewhere = state(statement.body(), false);
        Places element = alongside ? new Places(state(statement.body(), true), elsewhere) : Places.both(elsewhere);
        if (!(statement.node() instanceof LoopNode.Reduction fold)) {
            return element;
        }
        boolean passing = fold.op() == ReduceOp.SUM && fold.output().dtype().isFloating();
        return Places.both(alongside && passing && element.atNan() == State.NAN ? State.NAN
            : element.isOpen() ? State.OPEN : State.SAME);
    }

    private State state(Scalar value, boolean atNan) {
        if (atNan && value.equals(most.body())) {
            return State.NAN;
        }
        return switch (value) {
            case Scalar.Literal literal -> State.SAME;
            case Scalar.Index index -> State.SAME;
            case Scalar.Load load -> loaded(load, atNan);
            case Scalar.Gather gather -> known.containsKey(gather.buffer())
                || gather.indirect().stream().anyMatch(i -> state(i, atNan) == State.OPEN) ? State.OPEN : State.SAME;
            case Scalar.Apply apply -> applied(apply, apply.args().stream().map(a -> state(a, atNan)).toList());
            case Scalar.Operand operand -> State.OPEN;
        };
    }

    private State loaded(Scalar.Load load, boolean atNan) {
        Known from = known.get(load.buffer());
        if (from == null) {
            return State.SAME;
        }
        Places places = from.places();
        return load.index().equals(from.store()) ? atNan ? places.atNan() : places.elsewhere()
            : places.atNan() == places.elsewhere() ? places.atNan() : places.isOpen() ? State.OPEN : State.SAME;
    }

    private static State applied(Scalar.Apply apply, List<State> args) {
        DType from = apply.args().getFirst().dtype();
        boolean passing = PASSING.contains(apply.op()) && from.isFloating() && apply.dtype().isFloating();
        return passing && args.contains(State.NAN) ? State.NAN : args.contains(State.OPEN) ? State.OPEN : State.SAME;
    }
}
