package dev.kiln.tensor;

/** Comparisons and logic: tensors of b8. */
public sealed interface TensorComparison permits Tensor {
    default Tensor eq(Tensor other) {
        return Dispatch.call("aten.eq.Tensor", this, other);
    }

    default Tensor eq(Number other) {
        return Dispatch.call("aten.eq.Scalar", this, other);
    }

    default Tensor ne(Tensor other) {
        return Dispatch.call("aten.ne.Tensor", this, other);
    }

    default Tensor ne(Number other) {
        return Dispatch.call("aten.ne.Scalar", this, other);
    }

    default Tensor lt(Tensor other) {
        return Dispatch.call("aten.lt.Tensor", this, other);
    }

    default Tensor lt(Number other) {
        return Dispatch.call("aten.lt.Scalar", this, other);
    }

    default Tensor le(Tensor other) {
        return Dispatch.call("aten.le.Tensor", this, other);
    }

    default Tensor le(Number other) {
        return Dispatch.call("aten.le.Scalar", this, other);
    }

    default Tensor gt(Tensor other) {
        return Dispatch.call("aten.gt.Tensor", this, other);
    }

    default Tensor gt(Number other) {
        return Dispatch.call("aten.gt.Scalar", this, other);
    }

    default Tensor ge(Tensor other) {
        return Dispatch.call("aten.ge.Tensor", this, other);
    }

    default Tensor ge(Number other) {
        return Dispatch.call("aten.ge.Scalar", this, other);
    }

    default Tensor logical_and(Tensor other) {
        return Dispatch.call("aten.logical_and.default", this, other);
    }

    default Tensor logical_or(Tensor other) {
        return Dispatch.call("aten.logical_or.default", this, other);
    }

    default Tensor logical_xor(Tensor other) {
        return Dispatch.call("aten.logical_xor.default", this, other);
    }

    default Tensor logical_not() {
        return Dispatch.call("aten.logical_not.default", this);
    }

    default Tensor isnan() {
        return Dispatch.call("aten.isnan.default", this);
    }

    default Tensor isinf() {
        return Dispatch.call("aten.isinf.default", this);
    }

    default Tensor isfinite() {
        return Dispatch.call("aten.isfinite.default", this);
    }

    default Tensor isposinf() {
        return Dispatch.call("aten.isposinf.default", this);
    }

    default Tensor isneginf() {
        return Dispatch.call("aten.isneginf.default", this);
    }

    /** Whether elements differ by no more than {@code atol} plus {@code rtol} times the other. */
    default Tensor isclose(Tensor other, double rtol, double atol) {
        return Dispatch.call("aten.isclose.default", this, other, rtol, atol);
    }

    /** This where the condition holds, else the other; sizes are broadcast. */
    default Tensor where(Tensor condition, Tensor other) {
        return Dispatch.call("aten.where.self", condition, this, other);
    }

    default Tensor where(Tensor condition, Number other) {
        return Dispatch.call("aten.where.ScalarOther", condition, this, other);
    }
}
