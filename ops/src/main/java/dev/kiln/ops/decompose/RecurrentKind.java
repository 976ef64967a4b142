package dev.kiln.ops.decompose;

import dev.kiln.ops.aten.RecurrentOps.Mode;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** One step of a recurrent network. Gates lie side by side in PyTorch's order: i f g o, or r z n. */
enum RecurrentKind {
    LSTM("lstm", Mode.LSTM), GRU("gru", Mode.GRU_AFTER), TANH("rnn_tanh", Mode.RNN_TANH),
    RELU("rnn_relu", Mode.RNN_RELU);

    private final String op;
    private final Mode mode;

    RecurrentKind(String op, Mode mode) {
        this.op = op;
        this.mode = mode;
    }

    /** The form of a step in a loop. */
    Mode mode() {
        return mode;
    }

    String op() {
        return op;
    }

    /**
     * The next states from those before: the hidden state and, of an LSTM, the cell state; each [batch, hidden].
     *
     * @param products of the step's input with the weights, bias included: [batch, gates * hidden]
     * @param bias of the products with the hidden state, or null
     * @param projection of the hidden state, or null
     */
    List<Arg.Ref> step(Emit e, Arg.Ref products, List<Arg.Ref> before, Arg.Ref weight, Arg.Ref bias, Arg.Ref projection) {
        Arg.Ref hidden = before.getFirst();
        Arg.Ref recurrent = e.call("linear.default", hidden, weight, bias);
        return switch (this) {
            case TANH -> List.of(e.unary("tanh", e.add(products, recurrent)));
            case RELU -> List.of(e.unary("relu", e.add(products, recurrent)));
            case GRU -> List.of(gru(e, products, recurrent, hidden));
            case LSTM -> lstm(e, e.add(products, recurrent), before.get(1), projection);
        };
    }

    private static Arg.Ref gru(Emit e, Arg.Ref products, Arg.Ref recurrent, Arg.Ref hidden) {
        Arg.Ref reset = e.unary("sigmoid", e.add(gate(e, products, 0, 3), gate(e, recurrent, 0, 3)));
        Arg.Ref update = e.unary("sigmoid", e.add(gate(e, products, 1, 3), gate(e, recurrent, 1, 3)));
        Arg.Ref fresh = e.unary("tanh", e.add(gate(e, products, 2, 3), e.mul(reset, gate(e, recurrent, 2, 3))));
        return e.add(fresh, e.mul(update, e.sub(hidden, fresh)));
    }

    private static List<Arg.Ref> lstm(Emit e, Arg.Ref sums, Arg.Ref cell, Arg.Ref projection) {
        Arg.Ref input = e.unary("sigmoid", gate(e, sums, 0, 4));
        Arg.Ref forget = e.unary("sigmoid", gate(e, sums, 1, 4));
        Arg.Ref fresh = e.unary("tanh", gate(e, sums, 2, 4));
        Arg.Ref output = e.unary("sigmoid", gate(e, sums, 3, 4));
        Arg.Ref next = e.add(e.mul(forget, cell), e.mul(input, fresh));
        Arg.Ref hidden = e.mul(output, e.unary("tanh", next));
        return List.of(projection == null ? hidden : e.call("linear.default", hidden, projection), next);
    }

    private static Arg.Ref gate(Emit e, Arg.Ref all, int gate, int gates) {
        int dim = e.rank(all) - 1;
        SymInt width = e.tensor(all).size(dim).floorDiv(SymInt.of(gates));
        return e.slice(all, dim, width.times(gate), width.times(gate + 1));
    }
}
