package dev.kiln.tensor;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.cache.aot.AotEntry.OutputKind;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.stages.trace.function.FunctionalTrace;
import dev.kiln.stages.trace.function.TracedFunction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where calls of ops go: into the trace in progress on this thread, else to the reference interpreter. The latter traces
 * the single call, so that views, in-place ops and outputs are the same in both.
 */
final class Dispatch {
    private Dispatch() {
    }

    static Tensor call(String overload, Object... args) {
        List<Tensor> results = callAll(overload, args);
        if (results.size() != 1) {
            throw new IllegalArgumentException(overload + " has " + results.size() + " results: use call_all");
        }
        return results.getFirst();
    }

    static List<Tensor> callAll(String overload, Object... args) {
        List<Object> list = Arrays.asList(args);
        Optional<TraceSession> session = TraceSession.current();
        if (session.isPresent()) {
            return session.get().call(overload, list);
        }
        Optional<String> view = FunctionalTrace.viewTaken(overload);
        if (view.isPresent() && list.getFirst() instanceof Tensor self) {
            self.become(now(view.get(), list).getFirst());
            return List.of(self);
        }
        return now(overload, list);
    }

    private static List<Tensor> now(String overload, List<Object> args) {
        TraceSession session = new TraceSession(new ShapeEnv(), t -> Optional.empty(), false);
        List<Tensor> outputs = session.call(overload, args);
        TracedFunction call = session.finish(overload, outputs);
        List<Tensor> inputs = session.inputs();
        Map<String, ConstantValue> values = new HashMap<>();
        for (int i = 0; i < inputs.size(); i++) {
            values.put(call.inputs().get(i).name(), InterpreterValues.constant(inputs.get(i).value()));
        }
        Map<String, ConstantValue> results = Interpreter.run(call.graph(), values);
        return assemble(call, inputs, results.values().stream().map(InterpreterValues::tensor).toList());
    }

    private static List<Tensor> assemble(TracedFunction call, List<Tensor> inputs,
            List<dev.kiln.kernels.runtime.Tensor> results) {
        List<AotEntry.Output> outputs = call.outputs();
        List<dev.kiln.kernels.runtime.Tensor> memory = inputs.stream().map(Tensor::value).toList();
        FunctionOutputs.applyMutations(outputs, memory, results);
        FunctionOutputs.noteMutations(outputs, inputs);
        List<Tensor> seen = new ArrayList<>();
        for (int i = 0; i < call.userOutputs(); i++) {
            AotEntry.Output output = outputs.get(i);
            seen.add(output.kind() == OutputKind.IS_INPUT ? inputs.get(output.base())
                : Tensor.of(FunctionOutputs.memory(i, outputs, memory, results, Map.of())));
        }
        return seen;
    }
}
