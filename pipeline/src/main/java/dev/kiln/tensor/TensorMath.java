package dev.kiln.tensor;

import dev.kiln.ops.DType;

/** Functions of each element, and softmax. */
public sealed interface TensorMath permits Tensor {
    default Tensor abs() {
        return Dispatch.call("aten.abs.default", this);
    }

    default Tensor neg() {
        return Dispatch.call("aten.neg.default", this);
    }

    default Tensor sign() {
        return Dispatch.call("aten.sign.default", this);
    }

    default Tensor sgn() {
        return Dispatch.call("aten.sgn.default", this);
    }

    default Tensor exp() {
        return Dispatch.call("aten.exp.default", this);
    }

    default Tensor exp2() {
        return Dispatch.call("aten.exp2.default", this);
    }

    default Tensor expm1() {
        return Dispatch.call("aten.expm1.default", this);
    }

    default Tensor log() {
        return Dispatch.call("aten.log.default", this);
    }

    default Tensor log2() {
        return Dispatch.call("aten.log2.default", this);
    }

    default Tensor log10() {
        return Dispatch.call("aten.log10.default", this);
    }

    default Tensor log1p() {
        return Dispatch.call("aten.log1p.default", this);
    }

    default Tensor sqrt() {
        return Dispatch.call("aten.sqrt.default", this);
    }

    default Tensor rsqrt() {
        return Dispatch.call("aten.rsqrt.default", this);
    }

    default Tensor square() {
        return Dispatch.call("aten.square.default", this);
    }

    default Tensor reciprocal() {
        return Dispatch.call("aten.reciprocal.default", this);
    }

    default Tensor sin() {
        return Dispatch.call("aten.sin.default", this);
    }

    default Tensor cos() {
        return Dispatch.call("aten.cos.default", this);
    }

    default Tensor tan() {
        return Dispatch.call("aten.tan.default", this);
    }

    default Tensor asin() {
        return Dispatch.call("aten.asin.default", this);
    }

    default Tensor acos() {
        return Dispatch.call("aten.acos.default", this);
    }

    default Tensor atan() {
        return Dispatch.call("aten.atan.default", this);
    }

    default Tensor sinh() {
        return Dispatch.call("aten.sinh.default", this);
    }

    default Tensor cosh() {
        return Dispatch.call("aten.cosh.default", this);
    }

    default Tensor tanh() {
        return Dispatch.call("aten.tanh.default", this);
    }

    default Tensor asinh() {
        return Dispatch.call("aten.asinh.default", this);
    }

    default Tensor acosh() {
        return Dispatch.call("aten.acosh.default", this);
    }

    default Tensor atanh() {
        return Dispatch.call("aten.atanh.default", this);
    }

    default Tensor sigmoid() {
        return Dispatch.call("aten.sigmoid.default", this);
    }

    default Tensor relu() {
        return Dispatch.call("aten.relu.default", this);
    }

    default Tensor relu6() {
        return Dispatch.call("aten.relu6.default", this);
    }

    default Tensor silu() {
        return Dispatch.call("aten.silu.default", this);
    }

    default Tensor mish() {
        return Dispatch.call("aten.mish.default", this);
    }

    default Tensor hardswish() {
        return Dispatch.call("aten.hardswish.default", this);
    }

    default Tensor hardsigmoid() {
        return Dispatch.call("aten.hardsigmoid.default", this);
    }

    default Tensor selu() {
        return Dispatch.call("aten.selu.default", this);
    }

    default Tensor erf() {
        return Dispatch.call("aten.erf.default", this);
    }

    default Tensor erfc() {
        return Dispatch.call("aten.erfc.default", this);
    }

    default Tensor floor() {
        return Dispatch.call("aten.floor.default", this);
    }

    default Tensor ceil() {
        return Dispatch.call("aten.ceil.default", this);
    }

    default Tensor trunc() {
        return Dispatch.call("aten.trunc.default", this);
    }

    default Tensor round() {
        return Dispatch.call("aten.round.default", this);
    }

    default Tensor frac() {
        return Dispatch.call("aten.frac.default", this);
    }

    default Tensor sinc() {
        return Dispatch.call("aten.sinc.default", this);
    }

    default Tensor logit() {
        return Dispatch.call("aten.logit.default", this);
    }

    default Tensor signbit() {
        return Dispatch.call("aten.signbit.default", this);
    }

    default Tensor deg2rad() {
        return Dispatch.call("aten.deg2rad.default", this);
    }

    default Tensor rad2deg() {
        return Dispatch.call("aten.rad2deg.default", this);
    }

    default Tensor positive() {
        return Dispatch.call("aten.positive.default", this);
    }

    default Tensor angle() {
        return Dispatch.call("aten.angle.default", this);
    }

    default Tensor conj() {
        return Dispatch.call("aten.conj.default", this);
    }

    /** Rounded to so many decimals. */
    default Tensor round(int decimals) {
        return Dispatch.call("aten.round.decimals", this, decimals);
    }

    /** Not below {@code min}, not above {@code max}; null is no bound. */
    default Tensor clamp(Number min, Number max) {
        return Dispatch.call("aten.clamp.default", this, min, max);
    }

    default Tensor clamp(Tensor min, Tensor max) {
        return Dispatch.call("aten.clamp.Tensor", this, min, max);
    }

    default Tensor clamp_min(Number min) {
        return Dispatch.call("aten.clamp_min.default", this, min);
    }

    default Tensor clamp_max(Number max) {
        return Dispatch.call("aten.clamp_max.default", this, max);
    }

    /** Replaces NaN and infinities. */
    default Tensor nan_to_num(double nan, Double posinf, Double neginf) {
        return Dispatch.call("aten.nan_to_num.default", this, nan, posinf, neginf);
    }

    default Tensor gelu() {
        return Dispatch.call("aten.gelu.default", this);
    }

    /** {@code approximate} is {@code none} or {@code tanh}. */
    default Tensor gelu(String approximate) {
        return Dispatch.call("aten.gelu.default", this, approximate);
    }

    default Tensor leaky_relu(double negative_slope) {
        return Dispatch.call("aten.leaky_relu.default", this, negative_slope);
    }

    default Tensor elu(double alpha) {
        return Dispatch.call("aten.elu.default", this, alpha);
    }

    default Tensor softplus() {
        return Dispatch.call("aten.softplus.default", this);
    }

    default Tensor prelu(Tensor weight) {
        return Dispatch.call("aten.prelu.default", this, weight);
    }

    default Tensor softmax(int dim) {
        return Dispatch.call("aten.softmax.int", this, dim);
    }

    default Tensor softmax(int dim, DType dtype) {
        return Dispatch.call("aten.softmax.int", this, dim, dtype);
    }

    default Tensor log_softmax(int dim) {
        return Dispatch.call("aten.log_softmax.int", this, dim);
    }

    default Tensor log_softmax(int dim, DType dtype) {
        return Dispatch.call("aten.log_softmax.int", this, dim, dtype);
    }
}
