package dev.kiln.pipeline.function;

import dev.kiln.tensor.GradientSource;
import dev.kiln.tensor.Tensor;
import java.util.List;

/** A call of a compiled function, as a node of the graph that gradients go back through. */
final class AutogradCall {
    private final Autograd autograd;
    private final CompiledPair.ForwardCall call;
    private final List<Tensor> inputs;
    /** Where each input came from when the call was made. */
    private final List<GradientSource> sources;

    AutogradCall(Autograd autograd, CompiledPair.ForwardCall call, List<Tensor> inputs) {
        this.autograd = autograd;
        this.call = call;
        this.inputs = inputs;
        this.sources = inputs.stream().map(Tensor::source).map(s -> s == null ? LEAF : s).toList();
    }

    private static final GradientSource LEAF = (root, gradient, retain) -> { };

    CompiledPair.ForwardCall call() {
        return call;
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
