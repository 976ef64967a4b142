package dev.kiln.stages.oracle;

import static org.bytedeco.pytorch.global.torch.grad;
import static org.bytedeco.pytorch.global.torch.setGraphExecutorOptimize;
import static org.bytedeco.pytorch.global.torch.view_as_complex;
import static org.bytedeco.pytorch.global.torch.view_as_real;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.schema.OpOverload;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;

/** libtorch's own gradients of any ATen overload. Complex tensors are pairs of numbers, on both sides. */
final class TorchGradients {
    static {
        setGraphExecutorOptimize(false); // or TorchScript differentiates by formulas of its own
    }

    private TorchGradients() {
    }

    /**
     * @param outputs what the op gives
     * @param tangents for each output the gradient that came in; empty if libtorch does not differentiate it
     * @param gradients of those inputs that were asked for; missing where libtorch has none
     */
    record Answer(List<ConstantValue> outputs, List<Optional<ConstantValue>> tangents,
            Map<Arg.Ref, ConstantValue> gradients) {
    }

    /**
     * @param tensors what the references stand for
     * @param complex which of them are complex
     * @param wanted which of them need gradients
     * @param tangents the gradient for an output, from its number and value
     * @throws TorchOracle.Rejected if libtorch does not take the call or has no derivative of it
     */
    static Answer run(OpOverload op, List<Arg> args, Map<Arg.Ref, ConstantValue> tensors, Set<Arg.Ref> complex,
            Set<Arg.Ref> wanted, BiFunction<Integer, ConstantValue, ConstantValue> tangents) {
        return TorchOracle.run(op, args, (function, refs) -> {
            try (PointerScope scope = new PointerScope()) {
                Map<Arg.Ref, Tensor> leaves = new HashMap<>();
                IValueVector stack = new IValueVector();
                for (Arg.Ref ref : refs) {
                    Tensor leaf = TorchOracle.tensor(tensors.get(ref));
                    leaves.put(ref, wanted.contains(ref) ? leaf.requires_grad_(true) : leaf);
                    stack.push_back(new IValue(complex.contains(ref) ? view_as_complex(leaf) : leaf));
                }
                IValue result = function.apply(stack);
                if (result.isDouble() || result.isInt() || result.isBool()) {
                    throw new IllegalStateException("Error: a number has no gradient");
                }
                List<Tensor> outputs = TorchOracle.tensors(result).stream()
                    .map(t -> t.is_complex() ? view_as_real(t.resolve_conj()) : t).toList();
                return answer(outputs, leaves, refs.stream().filter(wanted::contains).toList(), tangents);
            }
        });
    }

    private static Answer answer(List<Tensor> outputs, Map<Arg.Ref, Tensor> leaves, List<Arg.Ref> wanted,
            BiFunction<Integer, ConstantValue, ConstantValue> tangents) {
        List<ConstantValue> values = outputs.stream().map(t -> TorchOracle.constant(t.detach())).toList();
        List<Optional<ConstantValue>> incoming = new ArrayList<>();
        TensorVector roots = new TensorVector();
        TensorVector gradients = new TensorVector();
        for (int i = 0; i < outputs.size(); i++) {
            boolean differentiable = outputs.get(i).requires_grad();
            incoming.add(differentiable ? Optional.of(tangents.apply(i, values.get(i))) : Optional.empty());
            if (differentiable) {
                roots.push_back(outputs.get(i));
                gradients.push_back(TorchOracle.tensor(incoming.get(i).get()));
            }
        }
        Map<Arg.Ref, ConstantValue> results = new HashMap<>();
        if (roots.size() > 0) {
            TensorVector inputs = new TensorVector();
            wanted.forEach(ref -> inputs.push_back(leaves.get(ref)));
            TensorVector found = grad(roots, inputs, gradients, new BoolOptional(false), false, true);
            for (int i = 0; i < wanted.size(); i++) {
                if (found.get(i).defined()) {
                    results.put(wanted.get(i), TorchOracle.constant(found.get(i)));
                }
            }
        }
        return new Answer(values, incoming, results);
    }
}
