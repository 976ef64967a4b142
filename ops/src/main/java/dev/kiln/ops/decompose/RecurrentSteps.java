package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.aten.RecurrentOps;
import dev.kiln.ops.aten.RecurrentOps.Mode;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The loop of a recurrent layer ({@link RecurrentOps}) written out, step after step. */
final class RecurrentSteps {
    private static final long MAX_STEPS = 512;

    private final Emit e;
    private final OpArgs a;
    private final Mode mode;
    private Arg.Ref hidden;
    private Arg.Ref cell;

    private RecurrentSteps(Emit e, OpArgs a) {
        this.e = e;
        this.a = a;
        mode = RecurrentOps.mode(a);
        hidden = Emit.ref(a, 3);
        cell = Emit.ref(a, 4);
    }

    static List<Arg.Ref> apply(GraphBuilder g, OpArgs a) {
        return List.of(new RecurrentSteps(new Emit(g), a).run());
    }

    private Arg.Ref run() {
        long steps = a.shapes().specialize(a.tensor(0).size(0));
        if (steps > MAX_STEPS) {
            throw new KilnException.Unsupported("gradients of a recurrent layer over " + steps
                + " steps are not supported (at most " + MAX_STEPS + ")");
        }
        Arg.Ref[] results = new Arg.Ref[(int) steps + 2];
        Arg.Ref inputs = e.call("unbind.int", a.arg(0), 0);
        for (int i = 0; i < steps; i++) {
            int t = a.bool(7) ? (int) steps - 1 - i : i;
            results[t] = step(new Arg.Ref(inputs.node(), t), t);
        }
        results[(int) steps] = hidden;
        results[(int) steps + 1] = cell;
        return e.call("stack.default", Arrays.asList(results), 0);
    }

    /** The result of a step; a sequence that has ended gives zeros and keeps its states. */
    private Arg.Ref step(Arg.Ref x, int t) {
        Arg.Ref before = hidden;
        Arg.Ref cellBefore = cell;
        switch (mode) {
            case RNN_TANH -> hidden = e.unary("tanh", e.add(x, recurrent()));
            case RNN_RELU -> hidden = e.unary("relu", e.add(x, recurrent()));
            case GRU, GRU_AFTER -> gru(x);
            case LSTM -> lstm(gates(e.add(x, recurrent())));
        }
        if (a.isNone(5)) {
            return hidden;
        }
        Arg.Ref runs = e.unsqueeze(e.call("gt.Scalar", a.arg(5), t), 1);
        Arg.Ref result = e.where(runs, hidden, e.number(0, DType.F32));
        hidden = e.where(runs, hidden, before);
        cell = mode == Mode.LSTM ? e.where(runs, cell, cellBefore) : cell;
        return result;
    }

    private Arg.Ref recurrent() {
        return e.call("linear.default", hidden, a.arg(1), a.arg(2));
    }

    private List<Arg.Ref> gates(Arg.Ref all) {
        SymInt width = a.tensor(1).size(1);
        List<Arg.Ref> gates = new ArrayList<>();
        for (int g = 0; g < mode.gates(); g++) {
            gates.add(e.slice(all, e.rank(all) - 1, width.times(g), width.times(g + 1)));
        }
        return gates;
    }

    private void lstm(List<Arg.Ref> sums) {
        Arg.Ref input = e.unary("sigmoid", sums.get(0));
        Arg.Ref output = e.unary("sigmoid", sums.get(1));
        Arg.Ref forget = e.unary("sigmoid", sums.get(2));
        cell = e.add(e.mul(forget, cell), e.mul(input, e.unary("tanh", sums.get(3))));
        hidden = e.mul(output, e.unary("tanh", cell));
    }

    private void gru(Arg.Ref x) {
        List<Arg.Ref> own = gates(x);
        List<Arg.Ref> others = gates(recurrent());
        Arg.Ref update = e.unary("sigmoid", e.add(own.get(0), others.get(0)));
        Arg.Ref reset = e.unary("sigmoid", e.add(own.get(1), others.get(1)));
        Arg.Ref inner = mode == Mode.GRU_AFTER ? e.mul(reset, others.get(2)) : ofReset(e.mul(reset, hidden));
        Arg.Ref fresh = e.unary("tanh", e.add(own.get(2), inner));
        hidden = e.add(fresh, e.mul(update, e.sub(hidden, fresh)));
    }

    /** The product of what the reset gate left with the last rows of the weight. */
    private Arg.Ref ofReset(Arg.Ref kept) {
        SymInt width = a.tensor(1).size(1);
        return e.call("linear.default", kept, e.slice(Emit.ref(a, 1), 0, width.times(2), width.times(3)),
            e.slice(Emit.ref(a, 2), 0, width.times(2), width.times(3)));
    }
}
