package dev.kiln.frontend;

import dev.kiln.cache.aot.AotEntry;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.GraphVerifier;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.trace.function.TracedFunction;
import dev.kiln.tensor.FunctionOutputs;
import dev.kiln.tensor.FunctionTrace;
import dev.kiln.tensor.FunctionTracer;
import dev.kiln.tensor.Tensor;
import dev.kiln.tensor.TensorFunction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Traces functions and runs the graphs in the interpreter, with everything around them that a call needs. */
final class Traced {
    private Traced() {
    }

    static List<Tensor> run(TensorFunction function, List<Tensor> inputs) {
        return run(FunctionTracer.trace("f", function, inputs), inputs, Map.of());
    }

    static List<Tensor> run(FunctionTrace trace, List<Tensor> inputs, Map<String, Long> symbols) {
        TracedFunction function = trace.function();
        GraphVerifier.verify(function.graph(), "after tracing");
        List<Tensor> all = new ArrayList<>(inputs);
        all.addAll(trace.captured());
        Map<String, ConstantValue> values = new HashMap<>();
        for (int i = 0; i < all.size(); i++) {
            values.put(function.inputs().get(i).name(), constant(all.get(i).value()));
        }
        List<dev.kiln.kernels.runtime.Tensor> results = Interpreter.run(function.graph(), values).values().stream()
            .map(Traced::memory).toList();
        List<dev.kiln.kernels.runtime.Tensor> memory = all.stream().map(Tensor::value).toList();
        FunctionOutputs.applyMutations(function.outputs(), memory, results);
        List<Tensor> outputs = new ArrayList<>();
        for (int i = 0; i < function.userOutputs(); i++) {
            AotEntry.Output output = function.outputs().get(i);
            outputs.add(output.kind() == AotEntry.OutputKind.IS_INPUT ? all.get(output.base())
                : Tensor.of(FunctionOutputs.memory(i, function.outputs(), memory, results, symbols)));
        }
        return outputs;
    }

    private static ConstantValue constant(dev.kiln.kernels.runtime.Tensor tensor) {
        var dense = tensor.contiguous();
        return new ConstantValue(dense.dtype(), Arrays.stream(dense.shape()).boxed().toList(),
            dense.data().asSlice(0, dense.numel() * dense.dtype().bytes()));
    }

    private static dev.kiln.kernels.runtime.Tensor memory(ConstantValue value) {
        return dev.kiln.kernels.runtime.Tensor.of(value.data(), value.dtype(),
            value.sizes().stream().mapToLong(Long::longValue).toArray()).copyTo(java.lang.foreign.Arena.ofAuto());
    }
}
