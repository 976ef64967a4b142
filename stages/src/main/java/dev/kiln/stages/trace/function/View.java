package dev.kiln.stages.trace.function;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * A way of seeing a storage: its base itself, or one step from another view. Its value is regenerated when the storage
 * was written since; a write to it is passed on to the base by the inverse of each step.
 */
final class View {
    private final Storage storage;
    private final View parent;
    private final ViewStep step;
    private final FakeTensor layout;
    private Arg.Ref cached;
    private int cachedVersion = -1;

    private View(Storage storage, View parent, ViewStep step, FakeTensor layout) {
        this.storage = storage;
        this.parent = parent;
        this.step = step;
        this.layout = layout;
    }

    static View of(Storage storage) {
        return new View(storage, null, null, storage.layout);
    }

    /** @param layout sizes, and strides and offset in the memory of the storage */
    View then(ViewStep next, FakeTensor nextLayout) {
        return new View(storage, this, next, nextLayout);
    }

    Storage storage() {
        return storage;
    }

    FakeTensor layout() {
        return layout;
    }

    View root() {
        return parent == null ? this : parent.root();
    }

    /** Whether it shows its base as it is. */
    boolean isWhole() {
        FakeTensor base = storage.layout;
        return layout.dtype() == base.dtype() && layout.sizes().equals(base.sizes())
            && layout.strides().equals(base.strides()) && layout.offset().equals(base.offset());
    }

    /** Whether gradients do not pass to its base. */
    boolean isDetached() {
        return parent != null && (step.overload().equals("aten.detach.default") || parent.isDetached());
    }

    boolean requiresGrad() {
        return storage.requiresGrad() && layout.dtype().isFloating() && !isDetached();
    }

    Arg.Ref value(GraphBuilder g) {
        if (parent == null) {
            return storage.value();
        }
        if (cachedVersion != storage.version()) {
            cached = step.apply(g, parent.value(g));
            cachedVersion = storage.version();
        }
        return cached;
    }

    /** @throws KilnException if places of the view share memory */
    void write(GraphBuilder g, Arg.Ref value, boolean gradient, boolean gradMode) {
        boolean stepwise = hasInverse();
        if ((!stepwise || repeats()) && !layout.numel().is(0)) {
            requireDistinctPlaces();
        }
        Arg.Ref whole = stepwise ? inverted(g, value) : scattered(g, value);
        storage.write(whole, gradient, gradMode);
        cached = value;
        cachedVersion = storage.version();
    }

    /** Whether steps along a dimension stay at one place. */
    private boolean repeats() {
        return IntStream.range(0, layout.rank()).anyMatch(d -> layout.strides().get(d).is(0) && !layout.size(d).is(1));
    }

    private boolean hasInverse() {
        return parent == null || step.hasInverse() && parent.hasInverse();
    }

    private Arg.Ref inverted(GraphBuilder g, Arg.Ref value) {
        return parent == null ? value : parent.inverted(g, step.invert(g, parent.value(g), value));
    }

    private Arg.Ref scattered(GraphBuilder g, Arg.Ref value) {
        if (!storage.layout.isContiguous() || storage.layout.dtype() != layout.dtype()) {
            throw new KilnException.Unsupported("writing to an expanded or unfolded view of a tensor that is not "
                + "contiguous is not supported: clone it first");
        }
        return g.call("aten.as_strided_scatter.default", storage.value(), value, layout.sizes(), layout.strides(),
            layout.offset());
    }

    private void requireDistinctPlaces() {
        List<Integer> dims = new ArrayList<>();
        for (int d = 0; d < layout.rank(); d++) {
            if (!layout.size(d).is(1)) {
                dims.add(d);
            }
        }
        if (dims.stream().anyMatch(d -> !layout.strides().get(d).isConstant() || !layout.size(d).isConstant())) {
            throw new KilnException.Unsupported("writing to an expanded or unfolded view of open sizes is not supported: "
                + "clone it first");
        }
        dims.sort(Comparator.comparingLong(d -> layout.strides().get(d).asLong()));
        long reach = 1;
        for (int d : dims) {
            long stride = layout.strides().get(d).asLong();
            if (stride < reach) {
                throw new KilnException.BadInput("more than one element of the tensor that is written refers to a single "
                    + "memory location: clone() it before the operation");
            }
            reach += stride * (layout.size(d).asLong() - 1);
        }
    }
}
