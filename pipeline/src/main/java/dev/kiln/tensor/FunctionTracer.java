package dev.kiln.tensor;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.cache.aot.AotEntry.InputKind;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.ShapePolicy;
import dev.kiln.stages.trace.function.TracedFunction;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Runs a Java function once on tensors without data and records what it does. */
public final class FunctionTracer {
    private FunctionTracer() {
    }

    /**
     * Traces a function with all sizes fixed.
     *
     * @see #trace(String, TensorFunction, List, List, ShapePolicy, CapturedState)
     */
    public static FunctionTrace trace(String name, TensorFunction function, List<Tensor> inputs) {
        return trace(name, function, inputs, inputs.stream().map(i -> Set.<Integer>of()).toList(), ShapePolicy.DEFAULT,
            CapturedState.of(function));
    }

    /**
     * Traces a function.
     *
     * @param inputs concrete tensors of a call
     * @param open for each input the dimensions whose size becomes a symbol
     * @param state what the function can see; names the tensors that it captures
     * @throws KilnException if the function does what cannot be traced; the message names the line
     */
    public static FunctionTrace trace(String name, TensorFunction function, List<Tensor> inputs, List<Set<Integer>> open,
            ShapePolicy policy, CapturedState state) {
        TraceSession session = new TraceSession(new ShapeEnv(policy), state::name, true);
        List<Tensor> arguments = new ArrayList<>();
        for (int i = 0; i < inputs.size(); i++) {
            Tensor input = inputs.get(i);
            if (input.isTraced()) {
                throw new KilnException.BadInput("input " + i + " belongs to a trace in progress: call the function itself");
            }
            arguments.add(Tensor.of(session.addInput("input_" + i, InputKind.USER_INPUT, input,
                Layouts.open(input.value(), open.get(i), session.trace().shapes()))));
        }
        List<Tensor> outputs = session.during(() -> function.apply(List.copyOf(arguments)));
        TracedFunction traced = session.finish(name, outputs);
        InputAliasing aliasing = InputAliasing.of(session.inputs().stream().map(Tensor::value).toList());
        requireNoPartialMutation(traced, aliasing);
        return new FunctionTrace(traced, session.inputs().subList(inputs.size(), session.inputs().size()), aliasing);
    }

    private static void requireNoPartialMutation(TracedFunction traced, InputAliasing aliasing) {
        for (InputAliasing.Pair pair : aliasing.overlaps()) {
            AotEntry.Input first = traced.inputs().get(pair.first());
            AotEntry.Input second = traced.inputs().get(pair.second());
            if (first.mutated() || second.mutated()) {
                throw new KilnException.Unsupported(traced.name() + " changes \"" + (first.mutated() ? first : second).name()
                    + "\", which shares memory with \"" + (first.mutated() ? second : first).name()
                    + "\": pass the whole tensor and make the views in the function, or clone() one of them");
            }
        }
    }
}
