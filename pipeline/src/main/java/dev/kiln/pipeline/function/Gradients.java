package dev.kiln.pipeline.function;

import dev.kiln.kernels.runtime.Tensor;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** What a backward gives: gradients of inputs, by their index, in one block that is used again once all are gone. */
final class Gradients {
    private final Map<Integer, Tensor> byInput;
    private final SavedMemory.Block block;
    private final AtomicInteger left;

    Gradients(Map<Integer, Tensor> byInput, SavedMemory.Block block) {
        this.byInput = byInput;
        this.block = block;
        this.left = new AtomicInteger(byInput.size());
    }

    Map<Integer, Tensor> byInput() {
        return byInput;
    }

    /** Nobody will read one of them any more. Once for each, if ever. */
    void gone() {
        if (left.decrementAndGet() == 0) {
            block.release();
        }
    }
}
