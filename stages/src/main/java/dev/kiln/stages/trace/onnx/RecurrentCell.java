package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.List;
import java.util.function.UnaryOperator;

/** One step of RNN, GRU or LSTM. Gates lie side by side in the order of ONNX: z r h, or i o f c. */
final class RecurrentCell {
    /** The hidden state and, of an LSTM, the cell state; each of shape [batch, hidden]. */
    record State(Arg.Ref hidden, Arg.Ref cell) {
    }

    private final NodeImport n;
    private final int gates;
    private final SymInt hidden;
    private final Arg.Ref weight;
    private final Arg.Ref peephole;
    private final List<UnaryOperator<Arg.Ref>> activations;

    private RecurrentCell(NodeImport n, int gates, SymInt hidden, Arg.Ref weight, Arg.Ref peephole,
            List<UnaryOperator<Arg.Ref>> activations) {
        this.n = n;
        this.gates = gates;
        this.hidden = hidden;
        this.weight = weight;
        this.peephole = peephole;
        this.activations = activations;
    }

    /** The cell of a direction. */
    static RecurrentCell of(NodeImport n, int gates, SymInt hidden, int direction, Arg.Ref weight) {
        List<String> defaults = switch (gates) {
            case 1 -> List.of("Tanh");
            case 3 -> List.of("Sigmoid", "Tanh");
            default -> List.of("Sigmoid", "Tanh", "Tanh");
        };
        List<String> names = n.attributes().strings("activations").filter(l -> !l.isEmpty()).orElse(defaults);
        List<Float> alphas = n.attributes().reals("activation_alpha").orElse(List.of());
        List<Float> betas = n.attributes().reals("activation_beta").orElse(List.of());
        List<UnaryOperator<Arg.Ref>> all = RecurrentActivation.of(n, names, alphas, betas);
        Arg.Ref peephole = gates == 4 && n.has(7) ? n.call("aten.select.int", n.tensor(7), 0, direction) : null;
        return new RecurrentCell(n, gates, hidden, weight, peephole,
            RecurrentImports.part(all, defaults.size(), direction));
    }

    /** @param products of the step's input with the weights, bias included: [batch, gates * hidden] */
    State step(Arg.Ref products, Arg.Ref bias, State before) {
        return switch (gates) {
            case 1 -> new State(activate(0, add(products, recurrent(before.hidden, bias))), null);
            case 3 -> new State(gru(products, bias, before.hidden), null);
            default -> lstm(add(products, recurrent(before.hidden, bias)), before.cell);
        };
    }

    private Arg.Ref recurrent(Arg.Ref state, Arg.Ref bias) {
        return n.call("aten.linear.default", state, weight, bias);
    }

    private Arg.Ref gru(Arg.Ref products, Arg.Ref bias, Arg.Ref before) {
        boolean after = n.attributes().flag("linear_before_reset", false);
        Arg.Ref whole = recurrent(before, bias);
        Arg.Ref update = activate(0, add(gate(products, 0), gate(whole, 0)));
        Arg.Ref reset = activate(0, add(gate(products, 1), gate(whole, 1)));
        Arg.Ref inner;
        if (after) {
            inner = mul(reset, gate(whole, 2));
        } else {
            SymInt from = hidden.times(2);
            Arg.Ref rows = n.call("aten.slice.Tensor", weight, 0, from, hidden.times(3));
            Arg.Ref part = bias == null ? null : n.call("aten.slice.Tensor", bias, 0, from, hidden.times(3));
            inner = n.call("aten.linear.default", mul(reset, before), rows, part);
        }
        Arg.Ref fresh = activate(1, add(gate(products, 2), inner));
        return add(mul(n.call("aten.rsub.Scalar", update, 1.0), fresh), mul(update, before));
    }

    private State lstm(Arg.Ref sums, Arg.Ref cell) {
        Arg.Ref input = activate(0, peeped(gate(sums, 0), 0, cell));
        Arg.Ref forget = n.attributes().flag("input_forget", false) ? n.call("aten.rsub.Scalar", input, 1.0)
            : activate(0, peeped(gate(sums, 2), 2, cell));
        Arg.Ref next = add(mul(forget, cell), mul(input, activate(1, gate(sums, 3))));
        Arg.Ref output = activate(0, peeped(gate(sums, 1), 1, next));
        // the clip is of what goes into the gates only
        return new State(mul(output, activations.get(2).apply(next)), next);
    }

    private Arg.Ref peeped(Arg.Ref sum, int gate, Arg.Ref cell) {
        return peephole == null ? sum : add(sum, mul(n.call("aten.slice.Tensor", peephole, 0, hidden.times(gate),
            hidden.times(gate + 1)), cell));
    }

    private Arg.Ref gate(Arg.Ref all, int gate) {
        return n.call("aten.slice.Tensor", all, 1, hidden.times(gate), hidden.times(gate + 1));
    }

    private Arg.Ref activate(int which, Arg.Ref sum) {
        double clip = n.attributes().real("clip", 0);
        return activations.get(which).apply(clip == 0 ? sum : n.call("aten.clamp.default", sum, -clip, clip));
    }

    private Arg.Ref add(Arg.Ref a, Arg.Ref b) {
        return n.call("aten.add.Tensor", a, b);
    }

    private Arg.Ref mul(Arg.Ref a, Arg.Ref b) {
        return n.call("aten.mul.Tensor", a, b);
    }
}
