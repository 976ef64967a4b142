package dev.kiln.tensor;

/** Ops that change the tensor and give it back. Its sizes and dtype stay; every view of its memory sees the change. */
public sealed interface TensorInPlace permits Tensor {
    default Tensor add_(Tensor other) {
        return Dispatch.call("aten.add_.Tensor", this, other);
    }

    default Tensor add_(Tensor other, Number alpha) {
        return Dispatch.call("aten.add_.Tensor", this, other, alpha);
    }

    default Tensor add_(Number other) {
        return Dispatch.call("aten.add_.Scalar", this, other);
    }

    default Tensor sub_(Tensor other) {
        return Dispatch.call("aten.sub_.Tensor", this, other);
    }

    default Tensor sub_(Tensor other, Number alpha) {
        return Dispatch.call("aten.sub_.Tensor", this, other, alpha);
    }

    default Tensor sub_(Number other) {
        return Dispatch.call("aten.sub_.Scalar", this, other);
    }

    default Tensor mul_(Tensor other) {
        return Dispatch.call("aten.mul_.Tensor", this, other);
    }

    default Tensor mul_(Number other) {
        return Dispatch.call("aten.mul_.Scalar", this, other);
    }

    default Tensor div_(Tensor other) {
        return Dispatch.call("aten.div_.Tensor", this, other);
    }

    default Tensor div_(Number other) {
        return Dispatch.call("aten.div_.Scalar", this, other);
    }

    default Tensor remainder_(Tensor other) {
        return Dispatch.call("aten.remainder_.Tensor", this, other);
    }

    default Tensor remainder_(Number other) {
        return Dispatch.call("aten.remainder_.Scalar", this, other);
    }

    default Tensor fmod_(Tensor other) {
        return Dispatch.call("aten.fmod_.Tensor", this, other);
    }

    default Tensor fmod_(Number other) {
        return Dispatch.call("aten.fmod_.Scalar", this, other);
    }

    default Tensor pow_(Number exponent) {
        return Dispatch.call("aten.pow_.Tensor_Scalar", this, exponent);
    }

    default Tensor pow_(Tensor exponent) {
        return Dispatch.call("aten.pow_.Tensor_Tensor", this, exponent);
    }

    /** Takes the other's values, broadcast and cast. */
    default Tensor copy_(Tensor src) {
        return Dispatch.call("aten.copy_.default", this, src);
    }

    default Tensor fill_(Number value) {
        return Dispatch.call("aten.fill_.Scalar", this, value);
    }

    default Tensor fill_(Tensor value) {
        return Dispatch.call("aten.fill_.Tensor", this, value);
    }

    default Tensor zero_() {
        return Dispatch.call("aten.zero_.default", this);
    }

    default Tensor abs_() {
        return Dispatch.call("aten.abs_.default", this);
    }

    default Tensor neg_() {
        return Dispatch.call("aten.neg_.default", this);
    }

    default Tensor exp_() {
        return Dispatch.call("aten.exp_.default", this);
    }

    default Tensor log_() {
        return Dispatch.call("aten.log_.default", this);
    }

    default Tensor sqrt_() {
        return Dispatch.call("aten.sqrt_.default", this);
    }

    default Tensor rsqrt_() {
        return Dispatch.call("aten.rsqrt_.default", this);
    }

    default Tensor reciprocal_() {
        return Dispatch.call("aten.reciprocal_.default", this);
    }

    default Tensor sin_() {
        return Dispatch.call("aten.sin_.default", this);
    }

    default Tensor cos_() {
        return Dispatch.call("aten.cos_.default", this);
    }

    default Tensor tanh_() {
        return Dispatch.call("aten.tanh_.default", this);
    }

    default Tensor sigmoid_() {
        return Dispatch.call("aten.sigmoid_.default", this);
    }

    default Tensor relu_() {
        return Dispatch.call("aten.relu_.default", this);
    }

    default Tensor silu_() {
        return Dispatch.call("aten.silu_.default", this);
    }

    default Tensor floor_() {
        return Dispatch.call("aten.floor_.default", this);
    }

    default Tensor ceil_() {
        return Dispatch.call("aten.ceil_.default", this);
    }

    default Tensor trunc_() {
        return Dispatch.call("aten.trunc_.default", this);
    }

    default Tensor round_() {
        return Dispatch.call("aten.round_.default", this);
    }

    default Tensor erf_() {
        return Dispatch.call("aten.erf_.default", this);
    }

    default Tensor square_() {
        return Dispatch.call("aten.square_.default", this);
    }

    default Tensor logical_not_() {
        return Dispatch.call("aten.logical_not_.default", this);
    }

    default Tensor clamp_(Number min, Number max) {
        return Dispatch.call("aten.clamp_.default", this, min, max);
    }

    default Tensor clamp_min_(Number min) {
        return Dispatch.call("aten.clamp_min_.default", this, min);
    }

    default Tensor clamp_max_(Number max) {
        return Dispatch.call("aten.clamp_max_.default", this, max);
    }

    default Tensor leaky_relu_(double negative_slope) {
        return Dispatch.call("aten.leaky_relu_.default", this, negative_slope);
    }

    default Tensor addcmul_(Tensor tensor1, Tensor tensor2, Number value) {
        return Dispatch.call("aten.addcmul_.default", this, tensor1, tensor2, value);
    }

    default Tensor addcdiv_(Tensor tensor1, Tensor tensor2, Number value) {
        return Dispatch.call("aten.addcdiv_.default", this, tensor1, tensor2, value);
    }

    default Tensor lerp_(Tensor end, Number weight) {
        return Dispatch.call("aten.lerp_.Scalar", this, end, weight);
    }

    default Tensor addmm_(Tensor mat1, Tensor mat2) {
        return Dispatch.call("aten.addmm_.default", this, mat1, mat2);
    }

    default Tensor masked_fill_(Tensor mask, Number value) {
        return Dispatch.call("aten.masked_fill_.Scalar", this, mask, value);
    }

    default Tensor masked_fill_(Tensor mask, Tensor value) {
        return Dispatch.call("aten.masked_fill_.Tensor", this, mask, value);
    }

    default Tensor scatter_(int dim, Tensor index, Tensor src) {
        return Dispatch.call("aten.scatter_.src", this, dim, index, src);
    }

    default Tensor scatter_(int dim, Tensor index, Number value) {
        return Dispatch.call("aten.scatter_.value", this, dim, index, value);
    }

    default Tensor scatter_add_(int dim, Tensor index, Tensor src) {
        return Dispatch.call("aten.scatter_add_.default", this, dim, index, src);
    }

    default Tensor index_add_(int dim, Tensor index, Tensor source) {
        return Dispatch.call("aten.index_add_.default", this, dim, index, source);
    }

    default Tensor index_copy_(int dim, Tensor index, Tensor source) {
        return Dispatch.call("aten.index_copy_.default", this, dim, index, source);
    }

    default Tensor index_fill_(int dim, Tensor index, Number value) {
        return Dispatch.call("aten.index_fill_.int_Scalar", this, dim, index, value);
    }

    default Tensor tril_(int diagonal) {
        return Dispatch.call("aten.tril_.default", this, diagonal);
    }

    default Tensor triu_(int diagonal) {
        return Dispatch.call("aten.triu_.default", this, diagonal);
    }

    /** Changes how this tensor sees its memory, as do the next ones. */
    default Tensor unsqueeze_(int dim) {
        return Dispatch.call("aten.unsqueeze_.default", this, dim);
    }

    default Tensor squeeze_(int dim) {
        return Dispatch.call("aten.squeeze_.dim", this, dim);
    }

    default Tensor transpose_(int dim0, int dim1) {
        return Dispatch.call("aten.transpose_.int", this, dim0, dim1);
    }

    default Tensor t_() {
        return Dispatch.call("aten.t_.default", this);
    }
}
