package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.aten.RecurrentOps.Mode;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * RNN, GRU and LSTM of one or both directions. The products with the input are one matrix product for all steps; the
 * steps are a loop of any length, or, with unusual activations, stand one after the other in the graph.
 */
final class RecurrentImports {
    /** The code of more steps would take too long to compile. */
    private static final long MAX_STEPS = 512;

    private final NodeImport n;
    private final int gates;
    private final boolean batchFirst;
    private final Arg.Ref x;
    private final SymInt batch;
    private final SymInt hidden;

    private RecurrentImports(NodeImport n, int gates) {
        this.n = n;
        this.gates = gates;
        this.batchFirst = n.attributes().integer("layout", 0) == 1;
        this.x = batchFirst ? n.call("aten.transpose.int", n.tensor(0), 0, 1) : n.tensor(0);
        this.batch = n.type(x).size(1);
        this.hidden = n.type(n.tensor(2)).size(2);
    }

    static void register(Registry r) {
        r.tensors("RNN", n -> new RecurrentImports(n, 1).translate());
        r.tensors("GRU", n -> new RecurrentImports(n, 3).translate());
        r.tensors("LSTM", n -> new RecurrentImports(n, 4).translate());
    }

    /** What one direction gives: the hidden state of each step in the order of time, and the last states. */
    private record Run(List<Arg.Ref> outputs, RecurrentCell.State last) {
    }

    private List<Arg.Ref> translate() {
        String direction = n.attributes().string("direction", "forward");
        List<Boolean> reversed = switch (direction) {
            case "forward" -> List.of(false);
            case "reverse" -> List.of(true);
            case "bidirectional" -> List.of(false, true);
            default -> throw new KilnException.BadInput("direction '" + direction
                + "' is none of forward, reverse, bidirectional");
        };
        Optional<Mode> mode = RecurrentLoop.mode(n, gates);
        return mode.isPresent() && n.dtype(x) == DType.F32 ? looped(mode.get(), reversed) : unrolled(reversed);
    }

    private List<Arg.Ref> unrolled(List<Boolean> reversed) {
        long steps = n.shapes().specialize(n.type(x).size(0));
        if (steps > MAX_STEPS) {
            throw new KilnException.Unsupported("a sequence of " + steps + " steps is not supported (at most "
                + MAX_STEPS + ") with activations other than the usual ones, clip, peepholes or another type than f32");
        }
        List<Run> runs = new ArrayList<>();
        for (boolean reverse : reversed) {
            runs.add(run(runs.size(), reverse, (int) steps));
        }
        int width = batchFirst ? 1 : 0;
        List<Arg.Ref> times = new ArrayList<>();
        for (int t = 0; t < steps; t++) {
            int step = t;
            times.add(stack(runs.stream().map(r -> r.outputs.get(step)).toList(), width));
        }
        return results(stack(times, width), runs.stream().map(Run::last).toList());
    }

    /** One call a direction; its steps are a loop in the kernel. */
    private List<Arg.Ref> looped(Mode mode, List<Boolean> reversed) {
        int width = batchFirst ? 1 : 0;
        List<Arg.Ref> outputs = new ArrayList<>();
        List<RecurrentCell.State> last = new ArrayList<>();
        for (boolean reverse : reversed) {
            int d = outputs.size();
            Arg.Ref products = n.call("aten.linear.default", x, direction(1, d), bias(d, 0));
            RecurrentLoop loop = new RecurrentLoop(n, mode, n.type(x).size(0), hidden);
            Arg.Ref all = loop.run(products, direction(2, d), bias(d, gates), initial(5, d),
                gates == 4 ? initial(6, d) : null, reverse);
            Arg.Ref times = loop.outputs(all);
            outputs.add(batchFirst ? n.call("aten.transpose.int", times, 0, 1) : times);
            last.add(new RecurrentCell.State(loop.hidden(all), loop.cell(all)));
        }
        // [steps, directions, batch, hidden], or [batch, steps, directions, hidden]
        return results(stack(outputs, batchFirst ? 2 : 1), last);
    }

    private List<Arg.Ref> results(Arg.Ref outputs, List<RecurrentCell.State> last) {
        int width = batchFirst ? 1 : 0;
        List<Arg.Ref> results = new ArrayList<>();
        results.add(outputs);
        results.add(stack(last.stream().map(RecurrentCell.State::hidden).toList(), width));
        if (gates == 4) {
            results.add(stack(last.stream().map(RecurrentCell.State::cell).toList(), width));
        }
        return results;
    }

    private Arg.Ref stack(List<Arg.Ref> parts, int dim) {
        List<Arg.Ref> wide = parts.stream().map(p -> n.call("aten.unsqueeze.default", p, dim)).toList();
        return wide.size() == 1 ? wide.getFirst() : n.call("aten.cat.default", wide, dim);
    }

    private Arg.Ref direction(int input, int d) {
        return n.call("aten.select.int", n.tensor(input), 0, d);
    }

    private Run run(int d, boolean reverse, int steps) {
        RecurrentCell cell = RecurrentCell.of(n, gates, hidden, d, direction(2, d));
        Arg.Ref products = n.call("aten.linear.default", x, direction(1, d), bias(d, 0));
        Arg.Ref recurrent = bias(d, gates);
        RecurrentCell.State state = new RecurrentCell.State(initial(5, d), gates == 4 ? initial(6, d) : null);
        Arg.Ref zero = zeros();
        Arg.Ref[] outputs = new Arg.Ref[steps];
        for (int i = 0; i < steps; i++) {
            int t = reverse ? steps - 1 - i : i;
            RecurrentCell.State next = cell.step(n.call("aten.select.int", products, 0, t), recurrent, state);
            Arg.Ref runs = running(t);
            outputs[t] = runs == null ? next.hidden() : n.call("aten.where.self", runs, next.hidden(), zero);
            state = runs == null ? next : kept(runs, next, state);
        }
        return new Run(List.of(outputs), state);
    }

    /** Whether a step is within each sequence, as a column; null if all have all steps. */
    private Arg.Ref running(int t) {
        return n.has(4) ? n.call("aten.unsqueeze.default", n.call("aten.gt.Scalar", n.tensor(4), t), 1) : null;
    }

    private RecurrentCell.State kept(Arg.Ref runs, RecurrentCell.State next, RecurrentCell.State before) {
        return new RecurrentCell.State(n.call("aten.where.self", runs, next.hidden(), before.hidden()),
            next.cell() == null ? null : n.call("aten.where.self", runs, next.cell(), before.cell()));
    }

    /** Half of a direction's bias: of the products with the input, or with the hidden state. */
    private Arg.Ref bias(int d, int firstGate) {
        return n.has(3) ? n.call("aten.slice.Tensor", direction(3, d), 0, hidden.times(firstGate),
            hidden.times(firstGate + gates)) : null;
    }

    private Arg.Ref initial(int input, int d) {
        return n.has(input) ? n.call("aten.select.int", n.tensor(input), batchFirst ? 1 : 0, d) : zeros();
    }

    private Arg.Ref zeros() {
        DType dtype = n.dtype(x);
        return n.call("aten.full.default", List.of(batch, hidden), 0.0, dtype);
    }

    /** Attribute lists that hold the entries of both directions in turn. */
    static <T> List<T> part(List<T> all, int perDirection, int d) {
        return IntStream.range(0, perDirection).mapToObj(i -> all.get((d * perDirection + i) % all.size())).toList();
    }
}
