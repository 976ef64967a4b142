package dev.kiln.stages.trace.function;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** A tensor of a trace in progress: dtype, sizes, and a place in memory that other tensors of the trace may share. */
public final class TracedTensor {
    private final FunctionalTrace trace;
    private View view;

    TracedTensor(FunctionalTrace trace, View view) {
        this.trace = trace;
        this.view = view;
    }

    /** The trace it belongs to. */
    public FunctionalTrace trace() {
        return trace;
    }

    View view() {
        return view;
    }

    /** Takes other sizes and strides, as {@code unsqueeze_} does. */
    void become(View other) {
        view = other;
    }

    public DType dtype() {
        return view.layout().dtype();
    }

    public List<SymInt> sizes() {
        return view.layout().sizes();
    }

    /** Sizes, and strides and offset in its storage, in elements. */
    public FakeTensor layout() {
        return view.layout();
    }

    public boolean requiresGrad() {
        return view.requiresGrad();
    }

    @Override
    public String toString() {
        return dtype() + sizes().toString();
    }
}
