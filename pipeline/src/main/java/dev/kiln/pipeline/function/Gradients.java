package dev.kiln.pipeline.function;

import dev.kiln.kernels.runtime.Tensor;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** What a backward gives: gradients of inputs, by their index, in blocks that are used again once all are gone. */
final class Gradients {
    private final Map<Integer, Tensor> byInput;
    private final Runnable release;
    private final AtomicInteger left;

    /** @param release called when nobody will read any of them any more, if ever */
    Gradients(Map<Integer, Tensor> byInput, Runnable release) {
        this.byInput = byInput;
        this.release = release;
        this.left = new AtomicInteger(byInput.size());
    }

    Map<Integer, Tensor> byInput() {
        return byInput;
    }

    /** Nobody will read one of them any more. Once for each, if ever. */
    void gone() {
        if (left.decrementAndGet() == 0) {
            release.run();
        }
    }
}
