package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.aten.RecurrentOps;
import dev.kiln.ops.aten.RecurrentOps.Mode;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** {@code nn.LSTM}, {@code nn.GRU} and {@code nn.RNN} as one operator: layers and directions taken apart. */
final class RecurrentLayers {
    private static final Map<String, Mode> MODES = Map.of("aten.lstm.input", Mode.LSTM, "aten.gru.input",
        Mode.GRU_AFTER, "aten.rnn_tanh.input", Mode.RNN_TANH, "aten.rnn_relu.input", Mode.RNN_RELU);

    private final NodeCall call;
    private final Mode mode;
    private final List<Arg.Ref> parameters;
    private final List<Arg.Ref> states;
    private final boolean biases;
    private final int directions;
    private final SymInt hidden;

    private RecurrentLayers(NodeCall call, Mode mode) {
        this.call = call;
        this.mode = mode;
        parameters = refs("params", 2);
        states = refs("hx", 1);
        biases = flag("has_biases", 3);
        directions = flag("bidirectional", 7) ? 2 : 1;
        hidden = call.type(parameters.get(1)).size(1);
    }

    static Translator find(String name) {
        Mode mode = MODES.get(name);
        return mode == null ? null : call -> new RecurrentLayers(call, mode).translate();
    }

    private List<Arg.Ref> refs(String name, int position) {
        return switch (call.arg(call.argument(name, position))) {
            case Arg.Refs(List<Arg.Ref> list) -> list;
            case Arg.Ref ref -> List.of(ref);
            default -> throw new KilnException.BadInput("argument '" + name + "' is no tensor");
        };
    }

    private boolean flag(String name, int position) {
        return call.arg(call.argument(name, position)).equals(new Arg.Bool(true));
    }

    private List<Bound> translate() {
        int layers = (int) ((Arg.Int) call.arg(call.argument("num_layers", 4))).value().asLong();
        requirePlain(layers);
        boolean batchFirst = flag("batch_first", 8);
        Arg.Ref x = call.tensor("input", 0);
        x = batchFirst ? call.call("aten.transpose.int", x, 0, 1) : x;
        List<Arg.Ref> last = new ArrayList<>();
        List<Arg.Ref> cells = new ArrayList<>();
        for (int layer = 0; layer < layers; layer++) {
            List<Arg.Ref> outputs = new ArrayList<>();
            for (int d = 0; d < directions; d++) {
                SymInt steps = call.type(x).size(0);
                Arg.Ref all = direction(x, layer * directions + d, d == 1);
                outputs.add(call.call("aten.slice.Tensor", all, 0, 0, steps));
                last.add(call.call("aten.slice.Tensor", all, 0, steps, steps.plus(1)));
                cells.add(call.call("aten.slice.Tensor", all, 0, steps.plus(1), steps.plus(2)));
            }
            x = outputs.size() == 1 ? outputs.getFirst() : call.call("aten.cat.default", outputs, 2);
        }
        Bound y = new Bound.Plain(batchFirst ? call.call("aten.transpose.int", x, 0, 1) : x);
        Bound h = new Bound.Plain(call.call("aten.cat.default", last, 0));
        return mode == Mode.LSTM ? List.of(y, h, new Bound.Plain(call.call("aten.cat.default", cells, 0)))
            : List.of(y, h);
    }

    private void requirePlain(int layers) {
        if (parameters.size() != layers * directions * (biases ? 4 : 2)) {
            throw new KilnException.Unsupported("recurrent layers with projections are not supported");
        }
        if (call.dtype(call.tensor("input", 0)) != DType.F32) {
            throw new KilnException.Unsupported("recurrent layers of " + call.dtype(call.tensor("input", 0))
                + " are not supported, only of f32");
        }
        if (flag("train", 6) && !call.arg(call.argument("dropout", 5)).equals(new Arg.Real(0))) {
            throw new KilnException.Unsupported("dropout in training is not supported; call eval() before the export");
        }
    }

    private Arg.Ref direction(Arg.Ref x, int number, boolean reverse) {
        int first = number * (biases ? 4 : 2);
        Arg.Ref products = call.call("aten.linear.default", x, ordered(parameters.get(first)),
            biases ? ordered(parameters.get(first + 2)) : null);
        Arg.Ref bias = biases ? ordered(parameters.get(first + 3))
            : call.call("aten.full.default", List.of(hidden.times(mode.gates())), 0.0, DType.F32);
        Arg.Ref state = call.call("aten.select.int", states.getFirst(), 0, number);
        Arg.Ref cell = mode == Mode.LSTM ? call.call("aten.select.int", states.get(1), 0, number) : state;
        return call.call(RecurrentOps.RECURRENT, products, ordered(parameters.get(first + 1)), bias, state, cell, null,
            mode.name(), reverse);
    }

    /** The gates' rows in ONNX's order; PyTorch has i f g o, and r z n. */
    private Arg.Ref ordered(Arg.Ref rows) {
        int[] order = switch (mode) {
            case LSTM -> new int[] {0, 3, 1, 2};
            case GRU, GRU_AFTER -> new int[] {1, 0, 2};
            case RNN_TANH, RNN_RELU -> new int[] {0};
        };
        return order.length == 1 ? rows : call.call("aten.cat.default", IntStream.of(order).mapToObj(g -> call.call(
            "aten.slice.Tensor", rows, 0, hidden.times(g), hidden.times(g + 1))).toList(), 0);
    }
}
