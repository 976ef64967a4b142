package dev.kiln.tensor;

import dev.kiln.ops.DType;
import java.util.List;

/** Other sizes, other order, other dtype. What PyTorch gives a view for is a view here. */
public sealed interface TensorShape permits Tensor {
    /** The same memory under other sizes, one of which may be -1; an error where strides do not allow it. */
    default Tensor view(Object... size) {
        return Dispatch.call("aten.view.default", this, Sizes.list(size));
    }

    /** As {@link #view}, with a copy where strides do not allow a view. */
    default Tensor reshape(Object... shape) {
        return Dispatch.call("aten.reshape.default", this, Sizes.list(shape));
    }

    default Tensor view_as(Tensor other) {
        return Dispatch.call("aten.view_as.default", this, other);
    }

    default Tensor reshape_as(Tensor other) {
        return Dispatch.call("aten.reshape_as.default", this, other);
    }

    default Tensor permute(int... dims) {
        return Dispatch.call("aten.permute.default", this, Dims.of(dims));
    }

    default Tensor transpose(int dim0, int dim1) {
        return Dispatch.call("aten.transpose.int", this, dim0, dim1);
    }

    /** A matrix with rows and columns exchanged. */
    default Tensor t() {
        return Dispatch.call("aten.t.default", this);
    }

    /** All dimensions in reverse order. */
    default Tensor T() {
        return permute(Dims.reversed((Tensor) this));
    }

    /** The last two dimensions exchanged. */
    default Tensor mT() {
        return Dispatch.call("aten.transpose.int", this, -2, -1);
    }

    default Tensor swapaxes(int dim0, int dim1) {
        return Dispatch.call("aten.swapaxes.default", this, dim0, dim1);
    }

    default Tensor swapdims(int dim0, int dim1) {
        return Dispatch.call("aten.swapdims.default", this, dim0, dim1);
    }

    default Tensor movedim(int source, int destination) {
        return Dispatch.call("aten.movedim.int", this, source, destination);
    }

    default Tensor movedim(int[] source, int[] destination) {
        return Dispatch.call("aten.movedim.intlist", this, Dims.of(source), Dims.of(destination));
    }

    /** Repeats dimensions of size 1 without memory of their own; -1 keeps a size. */
    default Tensor expand(Object... size) {
        return Dispatch.call("aten.expand.default", this, Sizes.list(size));
    }

    default Tensor expand_as(Tensor other) {
        return Dispatch.call("aten.expand_as.default", this, other);
    }

    default Tensor broadcast_to(Object... size) {
        return Dispatch.call("aten.broadcast_to.default", this, Sizes.list(size));
    }

    default Tensor squeeze() {
        return Dispatch.call("aten.squeeze.default", this);
    }

    default Tensor squeeze(int dim) {
        return Dispatch.call("aten.squeeze.dim", this, dim);
    }

    default Tensor unsqueeze(int dim) {
        return Dispatch.call("aten.unsqueeze.default", this, dim);
    }

    default Tensor flatten() {
        return Dispatch.call("aten.flatten.using_ints", this);
    }

    default Tensor flatten(int start_dim, int end_dim) {
        return Dispatch.call("aten.flatten.using_ints", this, start_dim, end_dim);
    }

    default Tensor unflatten(int dim, Object... sizes) {
        return Dispatch.call("aten.unflatten.int", this, dim, Sizes.list(sizes));
    }

    /** Repeats the whole tensor. */
    default Tensor repeat(Object... repeats) {
        return Dispatch.call("aten.repeat.default", this, Sizes.list(repeats));
    }

    default Tensor tile(Object... dims) {
        return Dispatch.call("aten.tile.default", this, Sizes.list(dims));
    }

    default Tensor repeat_interleave(int repeats, int dim) {
        return Dispatch.call("aten.repeat_interleave.self_int", this, repeats, dim);
    }

    default Tensor flip(int... dims) {
        return Dispatch.call("aten.flip.default", this, Dims.of(dims));
    }

    default Tensor roll(int[] shifts, int[] dims) {
        return Dispatch.call("aten.roll.default", this, Dims.of(shifts), Dims.of(dims));
    }

    default Tensor unfold(int dimension, int size, int step) {
        return Dispatch.call("aten.unfold.default", this, dimension, size, step);
    }

    default Tensor as_strided(long[] size, long[] stride, long storage_offset) {
        return Dispatch.call("aten.as_strided.default", this, size, stride, storage_offset);
    }

    /** A row-major copy, or itself if it is row-major. */
    default Tensor contiguous() {
        return Dispatch.call("aten.contiguous.default", this);
    }

    /** The same memory, but gradients do not pass. */
    default Tensor detach() {
        return Dispatch.call("aten.detach.default", this);
    }

    /** The same values in another dtype; itself if it has that. */
    default Tensor to(DType dtype) {
        return Dispatch.call("aten.to.dtype", this, dtype);
    }

    default Tensor type_as(Tensor other) {
        return Dispatch.call("aten.type_as.default", this, other);
    }

    default Tensor real() {
        return Dispatch.call("aten.real.default", this);
    }

    default Tensor imag() {
        return Dispatch.call("aten.imag.default", this);
    }

    default Tensor view_as_real() {
        return Dispatch.call("aten.view_as_real.default", this);
    }

    default Tensor view_as_complex() {
        return Dispatch.call("aten.view_as_complex.default", this);
    }

    default Tensor tril(int diagonal) {
        return Dispatch.call("aten.tril.default", this, diagonal);
    }

    default Tensor triu(int diagonal) {
        return Dispatch.call("aten.triu.default", this, diagonal);
    }

    default Tensor diagonal(int offset, int dim1, int dim2) {
        return Dispatch.call("aten.diagonal.default", this, offset, dim1, dim2);
    }

    default Tensor diag(int diagonal) {
        return Dispatch.call("aten.diag.default", this, diagonal);
    }

    /** Zeros (or {@code value}) around the last dimensions: pairs of before and after, last dimension first. */
    default Tensor constant_pad_nd(Object[] pad, Number value) {
        return Dispatch.call("aten.constant_pad_nd.default", this, Sizes.list(pad), value);
    }

    /** Views of so many places along a dimension; the last may be smaller. */
    default List<Tensor> split(int split_size, int dim) {
        return Dispatch.callAll("aten.split.Tensor", this, split_size, dim);
    }

    default List<Tensor> split(int[] split_sizes, int dim) {
        return Dispatch.callAll("aten.split_with_sizes.default", this, Dims.of(split_sizes), dim);
    }

    /** So many views along a dimension, of equal size but for the last. */
    default List<Tensor> chunk(int chunks, int dim) {
        return Dispatch.callAll("aten.chunk.default", this, chunks, dim);
    }

    default List<Tensor> tensor_split(int sections, int dim) {
        return Dispatch.callAll("aten.tensor_split.sections", this, sections, dim);
    }

    default List<Tensor> unbind(int dim) {
        return Dispatch.callAll("aten.unbind.int", this, dim);
    }
}
