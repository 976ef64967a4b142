package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.aten.RecurrentOps;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * LSTM, GRU and plain recurrent networks of several layers and both directions. The products with the input are one
 * matrix product for all steps of a layer; the steps are a loop, or (in other types than f32, or with projections) stand
 * one after the other in the graph.
 */
final class RecurrentDecompositions {
    /** The code of more steps would take too long to compile. */
    private static final long MAX_STEPS = 512;

    private static final String NETWORK = "Tensor[] params, bool has_biases, int num_layers, float dropout, bool train, "
        + "bool bidirectional, bool batch_first) -> ";
    private static final String CELL = "Tensor w_ih, Tensor w_hh, Tensor? b_ih=None, Tensor? b_hh=None) -> ";

    private final Emit e;
    private final OpArgs a;
    private final RecurrentKind kind;
    private final List<Arg.Ref> parameters;
    private final List<Arg.Ref> initial;
    private final boolean biases;

    private RecurrentDecompositions(Emit e, OpArgs a, RecurrentKind kind) {
        this.e = e;
        this.a = a;
        this.kind = kind;
        this.parameters = ((Arg.Refs) a.arg(2)).refs();
        this.initial = kind == RecurrentKind.LSTM ? ((Arg.Refs) a.arg(1)).refs() : List.of(Emit.ref(a, 1));
        this.biases = a.bool(3);
        if (a.real(5) != 0 && a.bool(6) && a.integer(4) > 1) {
            throw new KilnException.Unsupported(a.schema().name() + ": dropout between layers is not supported; call "
                + "eval() first");
        }
    }

    static void define(Definitions d) {
        d.list("lstm.input(Tensor input, Tensor[] hx, " + NETWORK + "(Tensor, Tensor, Tensor)",
            (e, a) -> new RecurrentDecompositions(e, a, RecurrentKind.LSTM).run());
        d.list("lstm_cell.default(Tensor input, Tensor[] hx, " + CELL + "(Tensor, Tensor)", (e, a) -> {
            List<Arg.Ref> states = ((Arg.Refs) a.arg(1)).refs();
            return cell(e, a, RecurrentKind.LSTM, states);
        });
        for (RecurrentKind kind : List.of(RecurrentKind.GRU, RecurrentKind.TANH, RecurrentKind.RELU)) {
            d.list(kind.op() + ".input(Tensor input, Tensor hx, " + NETWORK + "(Tensor, Tensor)",
                (e, a) -> new RecurrentDecompositions(e, a, kind).run());
            d.op(kind.op() + "_cell.default(Tensor input, Tensor hx, " + CELL + "Tensor",
                (e, a) -> cell(e, a, kind, List.of(Emit.ref(a, 1))).getFirst());
        }
    }

    private static List<Arg.Ref> cell(Emit e, OpArgs a, RecurrentKind kind, List<Arg.Ref> states) {
        Arg.Ref products = e.call("linear.default", a.arg(0), a.arg(2), a.arg(4));
        return kind.step(e, products, states, Emit.ref(a, 3), a.isNone(5) ? null : Emit.ref(a, 5), null);
    }

    /** The outputs of all steps, then the last states of all layers and directions. */
    private List<Arg.Ref> run() {
        boolean batched = a.tensor(0).rank() == 3;
        boolean batchFirst = batched && a.bool(8);
        Arg.Ref x = batched ? Emit.ref(a, 0) : e.unsqueeze(Emit.ref(a, 0), 1);
        x = batchFirst ? e.call("transpose.int", x, 0, 1) : x;
        List<Arg.Ref> states = initial.stream().map(s -> batched ? s : e.unsqueeze(s, 1)).toList();
        int directions = a.bool(7) ? 2 : 1;
        List<List<Arg.Ref>> last = new ArrayList<>();
        for (int layer = 0; layer < a.integer(4); layer++) {
            List<Arg.Ref> outputs = new ArrayList<>();
            for (int direction = 0; direction < directions; direction++) {
                int at = layer * directions + direction;
                List<Arg.Ref> start = states.stream().map(s -> e.call("select.int", s, 0, at)).toList();
                outputs.add(direction(x, at, start, direction == 1, last));
            }
            x = e.cat(outputs, 2);
        }
        List<Arg.Ref> results = new ArrayList<>(List.of(batchFirst ? e.call("transpose.int", x, 0, 1) : x));
        for (int s = 0; s < states.size(); s++) {
            int state = s;
            results.add(e.call("stack.default", last.stream().map(l -> l.get(state)).toList(), 0));
        }
        return batched ? results : results.stream().map(r -> e.call("squeeze.dim", r, 1)).toList();
    }

    private Arg.Ref direction(Arg.Ref x, int at, List<Arg.Ref> start, boolean reverse, List<List<Arg.Ref>> last) {
        boolean projected = kind == RecurrentKind.LSTM && !e.tensor(start.get(0)).size(1).equals(e.tensor(start.get(1)).size(1));
        int each = 2 + (biases ? 2 : 0) + (projected ? 1 : 0);
        if ((at + 1) * each > parameters.size()) {
            throw a.error((at + 1) * each + " parameters expected, got " + parameters.size());
        }
        List<Arg.Ref> own = parameters.subList(at * each, (at + 1) * each);
        if (!projected && e.dtype(x) == DType.F32) {
            return loop(x, own, start, reverse, last);
        }
        Arg.Ref products = e.call("linear.default", x, own.get(0), biases ? own.get(2) : null);
        int steps = steps(x);
        List<Arg.Ref> states = start;
        Arg.Ref[] outputs = new Arg.Ref[steps];
        for (int i = 0; i < steps; i++) {
            int t = reverse ? steps - 1 - i : i;
            states = kind.step(e, e.call("select.int", products, 0, t), states, own.get(1), biases ? own.get(3) : null,
                projected ? own.getLast() : null);
            outputs[t] = states.getFirst();
        }
        last.add(states);
        return e.call("stack.default", List.of(outputs), 0);
    }

    /** All steps as one call. */
    private Arg.Ref loop(Arg.Ref x, List<Arg.Ref> own, List<Arg.Ref> start, boolean reverse, List<List<Arg.Ref>> last) {
        SymInt steps = e.tensor(x).size(0);
        if (steps.is(0)) {
            throw a.error("a sequence without steps");
        }
        SymInt rows = e.tensor(own.get(1)).size(0);
        Arg.Ref products = e.call("linear.default", x, ordered(own.get(0)), biases ? ordered(own.get(2)) : null);
        Arg.Ref bias = biases ? ordered(own.get(3)) : e.full(List.of(rows), 0.0, DType.F32);
        Arg.Ref all = e.g().call(RecurrentOps.RECURRENT, products, ordered(own.get(1)), bias, start.getFirst(),
            start.getLast(), null, kind.mode().name(), reverse);
        List<Arg.Ref> states = new ArrayList<>();
        for (int s = 0; s < start.size(); s++) {
            states.add(e.call("select.int", all, 0, steps.plus(s)));
        }
        last.add(states);
        return e.slice(all, 0, SymInt.ZERO, steps);
    }

    /** The rows of the gates in ONNX's order: i o f g for i f g o, z r n for r z n. */
    private Arg.Ref ordered(Arg.Ref rows) {
        int[] order = switch (kind) {
            case LSTM -> new int[] {0, 3, 1, 2};
            case GRU -> new int[] {1, 0, 2};
            case TANH, RELU -> new int[] {0};
        };
        SymInt size = e.tensor(rows).size(0).floorDiv(SymInt.of(order.length));
        return order.length == 1 ? rows : e.cat(IntStream.of(order)
            .mapToObj(g -> e.slice(rows, 0, size.times(g), size.times(g + 1))).toList(), 0);
    }

    private int steps(Arg.Ref x) {
        SymInt length = e.tensor(x).size(0);
        long steps = a.shapes().specialize(length);
        if (steps < 1 || steps > MAX_STEPS) {
            throw new KilnException.Unsupported(a.schema().name() + ": a sequence of " + steps
                + " steps is not supported (1 to " + MAX_STEPS + ")");
        }
        return (int) steps;
    }
}
