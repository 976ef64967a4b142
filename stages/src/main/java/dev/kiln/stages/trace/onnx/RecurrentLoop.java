package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.RecurrentOps;
import dev.kiln.ops.aten.RecurrentOps.Mode;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;

/** A recurrent layer in one direction as one call, whose steps are a loop. */
final class RecurrentLoop {
    private static final List<String> USUAL = List.of("sigmoid", "tanh", "tanh");

    private final NodeImport n;
    private final Mode mode;
    private final SymInt steps;
    private final SymInt hidden;

    RecurrentLoop(NodeImport n, Mode mode, SymInt steps, SymInt hidden) {
        this.n = n;
        this.mode = mode;
        this.steps = steps;
        this.hidden = hidden;
    }

    /** What the steps of a node compute, if it is one of the usual forms. */
    static Optional<Mode> mode(NodeImport n, int gates) {
        if (n.attributes().real("clip", 0) != 0 || gates == 4
                && (n.has(7) || n.attributes().flag("input_forget", false))) {
            return Optional.empty();
        }
        List<String> usual = gates == 1 ? List.of("tanh") : USUAL.subList(0, gates - 1);
        List<String> names = new ArrayList<>(n.attributes().strings("activations").filter(l -> !l.isEmpty())
            .orElse(usual));
        names.replaceAll(name -> name.toLowerCase(Locale.ROOT));
        boolean usually = IntStream.range(0, names.size())
            .allMatch(i -> names.get(i).equals(usual.get(i % usual.size())));
        return switch (gates) {
            case 1 -> usually ? Optional.of(Mode.RNN_TANH)
                : names.stream().allMatch("relu"::equals) ? Optional.of(Mode.RNN_RELU) : Optional.empty();
            case 3 -> Optional.of(n.attributes().flag("linear_before_reset", false) ? Mode.GRU_AFTER : Mode.GRU)
                .filter(m -> usually);
            default -> Optional.of(Mode.LSTM).filter(m -> usually);
        };
    }

    /** The states of all steps, and the last ones behind them. */
    Arg.Ref run(Arg.Ref products, Arg.Ref weight, Arg.Ref bias, Arg.Ref hiddenState, Arg.Ref cell, boolean reverse) {
        Arg.Ref added = bias != null ? bias
            : n.call("aten.full.default", List.of(hidden.times(mode.gates())), 0.0, DType.F32);
        Arg.Ref lengths = n.has(4) ? n.cast(n.tensor(4), DType.I64) : null;
        return n.call(RecurrentOps.RECURRENT, products, weight, added, hiddenState, cell == null ? hiddenState : cell,
            lengths, mode.name(), reverse);
    }

    Arg.Ref outputs(Arg.Ref all) {
        return n.call("aten.slice.Tensor", all, 0, 0, steps);
    }

    Arg.Ref hidden(Arg.Ref all) {
        return n.call("aten.select.int", all, 0, steps);
    }

    Arg.Ref cell(Arg.Ref all) {
        return n.call("aten.select.int", all, 0, steps.plus(1));
    }
}
