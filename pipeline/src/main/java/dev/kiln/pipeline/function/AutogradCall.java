package dev.kiln.pipeline.function;

import dev.kiln.ops.KilnException;
import dev.kiln.tensor.GradientSource;
import dev.kiln.tensor.Tensor;
import java.util.List;
import java.util.Map;

/** A call of a compiled function, as a node of the graph that gradients go back through. */
final class AutogradCall {
    private final Autograd autograd;
    private final CompiledPair.ForwardCall call;
    private final List<Tensor> inputs;
    /** Where each input came from when the call was made. */
    private final List<GradientSource> sources;
    /** How often each input had been changed when the call was made. */
    private final List<Integer> versions;

    AutogradCall(Autograd autograd, CompiledPair.ForwardCall call, List<Tensor> inputs) {
        this.autograd = autograd;
        this.call = call;
        this.inputs = inputs;
        this.versions = inputs.stream().map(Tensor::version).toList();
        this.sources = inputs.stream().map(Tensor::source).map(s -> s == null ? LEAF : s).toList();
    }

    private static final GradientSource LEAF = (root, gradient, retain) -> { };

    /**
     * Sends gradients back through the call.
     *
     * @throws KilnException.BadInput if an input whose value the backward needs was changed since
     */
    Gradients backward(Map<Integer, dev.kiln.kernels.runtime.Tensor> tangents, boolean retain) {
        for (int i = 0; i < inputs.size(); i++) {
            if (inputs.get(i).version() != versions.get(i) && call.needs(i)) {
                throw new KilnException.BadInput("backward() needs the value that " + call.name(i) + " had, but it was changed "
                    + "in place since: call backward() before, or change a clone()");
            }
        }
        boolean leaves = sources.stream().noneMatch(Output.class::isInstance);
        return call.backward(tangents, retain, leaves);
    }

    List<Tensor> inputs() {
        return inputs;
    }

    /** The call that made an input, or null for a leaf. */
    Output source(int input) {
        return sources.get(input) instanceof Output output ? output : null;
    }

    Output output(int index) {
        return new Output(index);
    }

    /** One result. */
    final class Output implements GradientSource {
        private final int index;

        private Output(int index) {
            this.index = index;
        }

        AutogradCall call() {
            return AutogradCall.this;
        }

        int index() {
            return index;
        }

        @Override
        public void backward(Tensor root, Tensor gradient, boolean retainGraph) {
            autograd.backward(this, gradient.value(), retainGraph);
        }
    }
}
