package dev.kiln.tensor;

/** Products of vectors and matrices. */
public sealed interface TensorProduct permits Tensor {
    /** Matrix product; leading dimensions are broadcast, vectors are rows or columns. */
    default Tensor matmul(Tensor other) {
        return Dispatch.call("aten.matmul.default", this, other);
    }

    default Tensor mm(Tensor mat2) {
        return Dispatch.call("aten.mm.default", this, mat2);
    }

    default Tensor bmm(Tensor mat2) {
        return Dispatch.call("aten.bmm.default", this, mat2);
    }

    default Tensor mv(Tensor vec) {
        return Dispatch.call("aten.mv.default", this, vec);
    }

    default Tensor dot(Tensor tensor) {
        return Dispatch.call("aten.dot.default", this, tensor);
    }

    default Tensor outer(Tensor vec2) {
        return Dispatch.call("aten.outer.default", this, vec2);
    }

    default Tensor inner(Tensor other) {
        return Dispatch.call("aten.inner.default", this, other);
    }

    default Tensor vdot(Tensor other) {
        return Dispatch.call("aten.vdot.default", this, other);
    }

    /** This plus the product of two matrices. */
    default Tensor addmm(Tensor mat1, Tensor mat2) {
        return Dispatch.call("aten.addmm.default", this, mat1, mat2);
    }

    default Tensor addmm(Tensor mat1, Tensor mat2, Number beta, Number alpha) {
        return Dispatch.call("aten.addmm.default", this, mat1, mat2, beta, alpha);
    }

    default Tensor baddbmm(Tensor batch1, Tensor batch2) {
        return Dispatch.call("aten.baddbmm.default", this, batch1, batch2);
    }

    default Tensor addmv(Tensor mat, Tensor vec) {
        return Dispatch.call("aten.addmv.default", this, mat, vec);
    }

    default Tensor addr(Tensor vec1, Tensor vec2) {
        return Dispatch.call("aten.addr.default", this, vec1, vec2);
    }

    default Tensor kron(Tensor other) {
        return Dispatch.call("aten.kron.default", this, other);
    }

    default Tensor cross(Tensor other, int dim) {
        return Dispatch.call("aten.linalg_cross.default", this, other, dim);
    }

    default Tensor trace() {
        return Dispatch.call("aten.trace.default", this);
    }
}
