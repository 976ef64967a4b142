package dev.kiln.tensor;

/** Arithmetic with another tensor, whose sizes are broadcast, or with a number. */
public sealed interface TensorArithmetic permits Tensor {
    /** This plus another; sizes are broadcast. */
    default Tensor add(Tensor other) {
        return Dispatch.call("aten.add.Tensor", this, other);
    }

    /** As {@link #add(Tensor)}, with the other times {@code alpha}. */
    default Tensor add(Tensor other, Number alpha) {
        return Dispatch.call("aten.add.Tensor", this, other, alpha);
    }

    default Tensor add(Number other) {
        return Dispatch.call("aten.add.Scalar", this, other);
    }

    /** This minus another; sizes are broadcast. */
    default Tensor sub(Tensor other) {
        return Dispatch.call("aten.sub.Tensor", this, other);
    }

    /** As {@link #sub(Tensor)}, with the other times {@code alpha}. */
    default Tensor sub(Tensor other, Number alpha) {
        return Dispatch.call("aten.sub.Tensor", this, other, alpha);
    }

    default Tensor sub(Number other) {
        return Dispatch.call("aten.sub.Scalar", this, other);
    }

    /** Another minus this. */
    default Tensor rsub(Number other) {
        return Dispatch.call("aten.rsub.Scalar", this, other);
    }

    /** Product, element by element; sizes are broadcast. */
    default Tensor mul(Tensor other) {
        return Dispatch.call("aten.mul.Tensor", this, other);
    }

    default Tensor mul(Number other) {
        return Dispatch.call("aten.mul.Scalar", this, other);
    }

    /** Quotient; of integers in f32. */
    default Tensor div(Tensor other) {
        return Dispatch.call("aten.div.Tensor", this, other);
    }

    default Tensor div(Number other) {
        return Dispatch.call("aten.div.Scalar", this, other);
    }

    /** Quotient that is rounded: {@code trunc} or {@code floor}. */
    default Tensor div(Tensor other, String rounding_mode) {
        return Dispatch.call("aten.div.Tensor_mode", this, other, rounding_mode);
    }

    default Tensor div(Number other, String rounding_mode) {
        return Dispatch.call("aten.div.Scalar_mode", this, other, rounding_mode);
    }

    default Tensor floor_divide(Tensor other) {
        return Dispatch.call("aten.floor_divide.default", this, other);
    }

    default Tensor floor_divide(Number other) {
        return Dispatch.call("aten.floor_divide.Scalar", this, other);
    }

    /** The remainder with the divisor's sign, as Python's %. */
    default Tensor remainder(Tensor other) {
        return Dispatch.call("aten.remainder.Tensor", this, other);
    }

    default Tensor remainder(Number other) {
        return Dispatch.call("aten.remainder.Scalar", this, other);
    }

    /** The remainder with the dividend's sign, as C's fmod. */
    default Tensor fmod(Tensor other) {
        return Dispatch.call("aten.fmod.Tensor", this, other);
    }

    default Tensor fmod(Number other) {
        return Dispatch.call("aten.fmod.Scalar", this, other);
    }

    default Tensor pow(Tensor exponent) {
        return Dispatch.call("aten.pow.Tensor_Tensor", this, exponent);
    }

    default Tensor pow(Number exponent) {
        return Dispatch.call("aten.pow.Tensor_Scalar", this, exponent);
    }

    default Tensor maximum(Tensor other) {
        return Dispatch.call("aten.maximum.default", this, other);
    }

    default Tensor minimum(Tensor other) {
        return Dispatch.call("aten.minimum.default", this, other);
    }

    default Tensor fmax(Tensor other) {
        return Dispatch.call("aten.fmax.default", this, other);
    }

    default Tensor fmin(Tensor other) {
        return Dispatch.call("aten.fmin.default", this, other);
    }

    default Tensor atan2(Tensor other) {
        return Dispatch.call("aten.atan2.default", this, other);
    }

    default Tensor hypot(Tensor other) {
        return Dispatch.call("aten.hypot.default", this, other);
    }

    default Tensor logaddexp(Tensor other) {
        return Dispatch.call("aten.logaddexp.default", this, other);
    }

    default Tensor copysign(Tensor other) {
        return Dispatch.call("aten.copysign.Tensor", this, other);
    }

    default Tensor xlogy(Tensor other) {
        return Dispatch.call("aten.xlogy.Tensor", this, other);
    }

    /** This plus {@code value} times the product of two tensors. */
    default Tensor addcmul(Tensor tensor1, Tensor tensor2, Number value) {
        return Dispatch.call("aten.addcmul.default", this, tensor1, tensor2, value);
    }

    default Tensor addcdiv(Tensor tensor1, Tensor tensor2, Number value) {
        return Dispatch.call("aten.addcdiv.default", this, tensor1, tensor2, value);
    }

    /** This plus {@code weight} times the way to {@code end}. */
    default Tensor lerp(Tensor end, Number weight) {
        return Dispatch.call("aten.lerp.Scalar", this, end, weight);
    }

    default Tensor lerp(Tensor end, Tensor weight) {
        return Dispatch.call("aten.lerp.Tensor", this, end, weight);
    }

    default Tensor bitwise_and(Tensor other) {
        return Dispatch.call("aten.bitwise_and.Tensor", this, other);
    }

    default Tensor bitwise_and(Number other) {
        return Dispatch.call("aten.bitwise_and.Scalar", this, other);
    }

    default Tensor bitwise_or(Tensor other) {
        return Dispatch.call("aten.bitwise_or.Tensor", this, other);
    }

    default Tensor bitwise_or(Number other) {
        return Dispatch.call("aten.bitwise_or.Scalar", this, other);
    }

    default Tensor bitwise_xor(Tensor other) {
        return Dispatch.call("aten.bitwise_xor.Tensor", this, other);
    }

    default Tensor bitwise_xor(Number other) {
        return Dispatch.call("aten.bitwise_xor.Scalar", this, other);
    }

    default Tensor bitwise_not() {
        return Dispatch.call("aten.bitwise_not.default", this);
    }

    default Tensor bitwise_left_shift(Tensor other) {
        return Dispatch.call("aten.bitwise_left_shift.Tensor", this, other);
    }

    default Tensor bitwise_right_shift(Tensor other) {
        return Dispatch.call("aten.bitwise_right_shift.Tensor", this, other);
    }
}
