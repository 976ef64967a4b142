package dev.kiln.tensor;

import java.util.List;

/** Parts of tensors: views by number and slice, gathers by tensors. */
public sealed interface TensorIndexing permits Tensor {
    /**
     * What Python's brackets give: a number takes one place, a {@link Slice} several, null adds a dimension of size 1,
     * {@link Torch#ELLIPSIS} stands for all dimensions that no other index takes; these give views. Tensors of i64 gather
     * places, tensors of b8 choose elements.
     */
    default Tensor index(Object... indices) {
        return Indexing.get((Tensor) this, indices);
    }

    /** Assigns to what {@link #index} takes; the value is broadcast. Gives this tensor. */
    default Tensor index_put_(List<?> indices, Tensor value) {
        return index_put_(indices, value, false);
    }

    /** As {@link #index_put_(List, Tensor)}; {@code accumulate} adds, also where places occur more than once. */
    default Tensor index_put_(List<?> indices, Tensor value, boolean accumulate) {
        Indexing.put((Tensor) this, indices.toArray(), value, accumulate);
        return (Tensor) this;
    }

    /** Assigns a number to what {@link #index} takes. Gives this tensor. */
    default Tensor index_put_(List<?> indices, Number value) {
        Tensor self = (Tensor) this;
        return index_put_(indices, Torch.full(self.dtype(), value), false);
    }

    /** The view at one place of a dimension, a number or a SymInt; that dimension goes. */
    default Tensor select(int dim, Object index) {
        return Dispatch.call("aten.select.int", this, dim, Sizes.list(index).getFirst());
    }

    /** The view of {@code length} places from {@code start}; numbers or SymInts. */
    default Tensor narrow(int dim, Object start, Object length) {
        return Dispatch.call("aten.narrow.default", this, dim, Sizes.list(start).getFirst(), Sizes.list(length).getFirst());
    }

    /** The view of places {@code start} to {@code end}, the latter excluded. */
    default Tensor slice(int dim, Object start, Object end) {
        return index(dim, Slice.of(start, end));
    }

    private Tensor index(int dim, Slice slice) {
        return Dispatch.call("aten.slice.Tensor", this, dim, slice.start(), slice.stop(), slice.step());
    }

    /** The given places of a dimension; {@code index} is a vector of i64. */
    default Tensor index_select(int dim, Tensor index) {
        return Dispatch.call("aten.index_select.default", this, dim, index);
    }

    /** For each place of {@code index} the element there along {@code dim}. */
    default Tensor gather(int dim, Tensor index) {
        return Dispatch.call("aten.gather.default", this, dim, index);
    }

    default Tensor take_along_dim(Tensor indices, int dim) {
        return Dispatch.call("aten.take_along_dim.default", this, indices, dim);
    }

    default Tensor take(Tensor index) {
        return Dispatch.call("aten.take.default", this, index);
    }

    default Tensor scatter(int dim, Tensor index, Tensor src) {
        return Dispatch.call("aten.scatter.src", this, dim, index, src);
    }

    default Tensor scatter(int dim, Tensor index, Number value) {
        return Dispatch.call("aten.scatter.value", this, dim, index, value);
    }

    default Tensor scatter_add(int dim, Tensor index, Tensor src) {
        return Dispatch.call("aten.scatter_add.default", this, dim, index, src);
    }

    /** {@code reduce} is sum, prod, mean, amax or amin. */
    default Tensor scatter_reduce(int dim, Tensor index, Tensor src, String reduce, boolean include_self) {
        return Dispatch.call("aten.scatter_reduce.two", this, dim, index, src, reduce, include_self);
    }

    default Tensor index_add(int dim, Tensor index, Tensor source) {
        return Dispatch.call("aten.index_add.default", this, dim, index, source);
    }

    default Tensor index_copy(int dim, Tensor index, Tensor source) {
        return Dispatch.call("aten.index_copy.default", this, dim, index, source);
    }

    default Tensor index_fill(int dim, Tensor index, Number value) {
        return Dispatch.call("aten.index_fill.int_Scalar", this, dim, index, value);
    }

    /** A copy with the value where the mask holds. */
    default Tensor masked_fill(Tensor mask, Number value) {
        return Dispatch.call("aten.masked_fill.Scalar", this, mask, value);
    }

    default Tensor masked_fill(Tensor mask, Tensor value) {
        return Dispatch.call("aten.masked_fill.Tensor", this, mask, value);
    }

    /** The elements where the mask holds, in order: how many depends on data. */
    default Tensor masked_select(Tensor mask) {
        return Dispatch.call("aten.masked_select.default", this, mask);
    }

    default Tensor nonzero() {
        return Dispatch.call("aten.nonzero.default", this);
    }

    default Tensor select_scatter(Tensor src, int dim, int index) {
        return Dispatch.call("aten.select_scatter.default", this, src, dim, index);
    }

    default Tensor slice_scatter(Tensor src, int dim, Object start, Object end, int step) {
        return Dispatch.call("aten.slice_scatter.default", this, src, dim, Slice.of(start, end).start(), Slice.of(start, end).stop(), step);
    }
}
