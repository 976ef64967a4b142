package dev.kiln.tensor;

import java.util.List;

/** What folds or orders dimensions. */
public sealed interface TensorReduction permits Tensor {
    /** Largest or smallest values along a dimension, and where they are (i64). */
    record Found(Tensor values, Tensor indices) {
        static Found of(String overload, Object... args) {
            List<Tensor> results = Dispatch.callAll(overload, args);
            return new Found(results.get(0), results.get(1));
        }
    }

    /** Of all elements; of integers in i64. */
    default Tensor sum() {
        return Dispatch.call("aten.sum.default", this);
    }

    /** Over the given dimensions, which go. */
    default Tensor sum(int... dim) {
        return Dispatch.call("aten.sum.dim_IntList", this, Dims.of(dim));
    }

    /** Over the given dimensions, which stay with size 1 if {@code keepdim}. */
    default Tensor sum(int[] dim, boolean keepdim) {
        return Dispatch.call("aten.sum.dim_IntList", this, Dims.of(dim), keepdim);
    }

    /** Of all elements of a floating tensor. */
    default Tensor mean() {
        return Dispatch.call("aten.mean.default", this);
    }

    default Tensor mean(int... dim) {
        return Dispatch.call("aten.mean.dim", this, Dims.of(dim));
    }

    default Tensor mean(int[] dim, boolean keepdim) {
        return Dispatch.call("aten.mean.dim", this, Dims.of(dim), keepdim);
    }

    default Tensor prod() {
        return Dispatch.call("aten.prod.default", this);
    }

    default Tensor prod(int dim, boolean keepdim) {
        return Dispatch.call("aten.prod.dim_int", this, dim, keepdim);
    }

    default Tensor amax(int... dim) {
        return Dispatch.call("aten.amax.default", this, Dims.of(dim));
    }

    default Tensor amax(int[] dim, boolean keepdim) {
        return Dispatch.call("aten.amax.default", this, Dims.of(dim), keepdim);
    }

    default Tensor amin(int... dim) {
        return Dispatch.call("aten.amin.default", this, Dims.of(dim));
    }

    default Tensor amin(int[] dim, boolean keepdim) {
        return Dispatch.call("aten.amin.default", this, Dims.of(dim), keepdim);
    }

    default Tensor max() {
        return Dispatch.call("aten.max.default", this);
    }

    default Found max(int dim) {
        return Found.of("aten.max.dim", this, dim);
    }

    default Found max(int dim, boolean keepdim) {
        return Found.of("aten.max.dim", this, dim, keepdim);
    }

    default Tensor max(Tensor other) {
        return Dispatch.call("aten.max.other", this, other);
    }

    default Tensor min() {
        return Dispatch.call("aten.min.default", this);
    }

    default Found min(int dim) {
        return Found.of("aten.min.dim", this, dim);
    }

    default Found min(int dim, boolean keepdim) {
        return Found.of("aten.min.dim", this, dim, keepdim);
    }

    default Tensor min(Tensor other) {
        return Dispatch.call("aten.min.other", this, other);
    }

    default Tensor argmax() {
        return Dispatch.call("aten.argmax.default", this);
    }

    default Tensor argmax(int dim) {
        return Dispatch.call("aten.argmax.default", this, dim);
    }

    default Tensor argmax(int dim, boolean keepdim) {
        return Dispatch.call("aten.argmax.default", this, dim, keepdim);
    }

    default Tensor argmin() {
        return Dispatch.call("aten.argmin.default", this);
    }

    default Tensor argmin(int dim) {
        return Dispatch.call("aten.argmin.default", this, dim);
    }

    default Tensor argmin(int dim, boolean keepdim) {
        return Dispatch.call("aten.argmin.default", this, dim, keepdim);
    }

    /** Divided by the number of elements less {@code correction}: 1 for a sample. */
    default Tensor var(int[] dim, Number correction, boolean keepdim) {
        return Dispatch.call("aten.var.correction", this, dim == null ? null : Dims.of(dim), correction, keepdim);
    }

    default Tensor var() {
        return Dispatch.call("aten.var.correction", this);
    }

    default Tensor std(int[] dim, Number correction, boolean keepdim) {
        return Dispatch.call("aten.std.correction", this, dim == null ? null : Dims.of(dim), correction, keepdim);
    }

    default Tensor std() {
        return Dispatch.call("aten.std.correction", this);
    }

    default Tensor all() {
        return Dispatch.call("aten.all.default", this);
    }

    default Tensor all(int dim, boolean keepdim) {
        return Dispatch.call("aten.all.dim", this, dim, keepdim);
    }

    default Tensor any() {
        return Dispatch.call("aten.any.default", this);
    }

    default Tensor any(int dim, boolean keepdim) {
        return Dispatch.call("aten.any.dim", this, dim, keepdim);
    }

    default Tensor logsumexp(int[] dim, boolean keepdim) {
        return Dispatch.call("aten.logsumexp.default", this, Dims.of(dim), keepdim);
    }

    /** The p-norm of all elements. */
    default Tensor norm(Number p) {
        return Dispatch.call("aten.norm.Scalar", this, p);
    }

    default Tensor norm(Number p, int[] dim, boolean keepdim) {
        return Dispatch.call("aten.norm.ScalarOpt_dim", this, p, Dims.of(dim), keepdim);
    }

    default Tensor cumsum(int dim) {
        return Dispatch.call("aten.cumsum.default", this, dim);
    }

    default Tensor cumprod(int dim) {
        return Dispatch.call("aten.cumprod.default", this, dim);
    }

    default Tensor logcumsumexp(int dim) {
        return Dispatch.call("aten.logcumsumexp.default", this, dim);
    }

    default Found cummax(int dim) {
        return Found.of("aten.cummax.default", this, dim);
    }

    default Found cummin(int dim) {
        return Found.of("aten.cummin.default", this, dim);
    }

    default Tensor count_nonzero() {
        return Dispatch.call("aten.count_nonzero.default", this);
    }

    default Tensor median() {
        return Dispatch.call("aten.median.default", this);
    }

    default Found median(int dim, boolean keepdim) {
        return Found.of("aten.median.dim", this, dim, keepdim);
    }

    /** The {@code k} largest, largest first. */
    default Found topk(int k, int dim) {
        return Found.of("aten.topk.default", this, k, dim);
    }

    default Found topk(int k, int dim, boolean largest, boolean sorted) {
        return Found.of("aten.topk.default", this, k, dim, largest, sorted);
    }

    default Found sort(int dim, boolean descending) {
        return Found.of("aten.sort.default", this, dim, descending);
    }

    default Tensor argsort(int dim, boolean descending) {
        return Dispatch.call("aten.argsort.default", this, dim, descending);
    }
}
