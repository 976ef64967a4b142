package dev.kiln.pipeline.function;

import dev.kiln.kernels.runtime.Tensor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BinaryOperator;

/** Sends gradients back through calls of compiled functions, last call first, and sums them up at the leaves. */
public final class Autograd {
    private final BinaryOperator<Tensor> add;

    /** @param add the sum of two tensors */
    public Autograd(BinaryOperator<Tensor> add) {
        this.add = add;
    }

    void backward(AutogradCall.Output root, Tensor gradient, boolean retain) {
        Map<AutogradCall, Map<Integer, Tensor>> tangents = new HashMap<>();
        tangents.put(root.call(), new HashMap<>(Map.of(root.index(), gradient)));
        for (AutogradCall call : lastFirst(root.call())) {
            Map<Integer, Tensor> incoming = tangents.remove(call);
            if (incoming != null) {
                send(call, call.backward(incoming, retain), tangents);
            }
        }
    }

    private void send(AutogradCall call, Gradients gradients, Map<AutogradCall, Map<Integer, Tensor>> tangents) {
        gradients.byInput().forEach((input, gradient) -> {
            AutogradCall.Output source = call.source(input);
            if (source == null) {
                accumulate(call.inputs().get(input), gradient, gradients);
            } else {
                tangents.computeIfAbsent(source.call(), c -> new HashMap<>()).merge(source.index(), gradient, add);
            }
        });
    }

    private void accumulate(dev.kiln.tensor.Tensor leaf, Tensor gradient, Gradients gradients) {
        dev.kiln.tensor.Tensor before = leaf.borrowedGrad();
        if (before == null) {
            leaf.grad(dev.kiln.tensor.Tensor.of(gradient), gradients::gone);
        } else {
            leaf.grad(dev.kiln.tensor.Tensor.of(add.apply(before.value(), gradient)));
            gradients.gone();
        }
    }

    /** All calls that a call depends on and itself, each before those it depends on. */
    private static List<AutogradCall> lastFirst(AutogradCall root) {
        List<AutogradCall> finished = new ArrayList<>();
        visit(root, new HashSet<>(), finished);
        return finished.reversed();
    }

    private static void visit(AutogradCall call, Set<AutogradCall> seen, List<AutogradCall> finished) {
        if (!seen.add(call)) {
            return;
        }
        for (int i = 0; i < call.inputs().size(); i++) {
            AutogradCall.Output source = call.source(i);
            if (source != null) {
                visit(source.call(), seen, finished);
            }
        }
        finished.add(call);
    }
}
