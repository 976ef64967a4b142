package dev.kiln.ops.decompose;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** Products of vectors and matrices in the forms that are written less often. */
final class ProductDecompositions {
    private ProductDecompositions() {
    }

    static void define(Definitions d) {
        d.op("inner.default(Tensor self, Tensor other) -> Tensor", ProductDecompositions::inner);
        d.op("ger.default(Tensor self, Tensor vec2) -> Tensor", (e, a) -> e.call("outer.default", a.arg(0), a.arg(1)));
        d.op("kron.default(Tensor self, Tensor other) -> Tensor", ProductDecompositions::kronecker);
        d.op("trace.default(Tensor self) -> Tensor",
            (e, a) -> e.unary("sum", e.call("diagonal.default", a.arg(0))));
        d.op("linalg_vecdot.default(Tensor x, Tensor y, *, int dim=-1) -> Tensor",
            (e, a) -> e.sum(e.mul(Emit.ref(a, 0), Emit.ref(a, 1)), Arg.ints(a.integer(2)), false));
        d.op("linalg_cross.default(Tensor self, Tensor other, *, int dim=-1) -> Tensor",
            (e, a) -> cross(e, a, a.dim(2, a.tensor(0).rank())));
        d.op("cross.default(Tensor self, Tensor other, int? dim=None) -> Tensor",
            (e, a) -> cross(e, a, a.isNone(2) ? three(a) : a.dim(2, a.tensor(0).rank())));
        d.op("addbmm.default(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
            (e, a) -> added(e, a, e.call("sum.dim_IntList", e.call("bmm.default", a.arg(1), a.arg(2)), Arg.ints(0),
                false, a.tensor(1).dtype())));
        d.op("addr.default(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1) -> Tensor",
            (e, a) -> added(e, a, e.call("outer.default", a.arg(1), a.arg(2))));
        d.op("bilinear.default(Tensor input1, Tensor input2, Tensor weight, Tensor? bias=None) -> Tensor", (e, a) -> {
            Arg.Ref sum = e.call("einsum.default", "...i,oij,...j->...o",
                List.of(Emit.ref(a, 0), Emit.ref(a, 2), Emit.ref(a, 1)));
            return a.isNone(3) ? sum : e.add(sum, Emit.ref(a, 3));
        });
        d.op("chain_matmul.default(Tensor[] matrices) -> Tensor", ProductDecompositions::chain);
        d.op("linalg_multi_dot.default(Tensor[] tensors) -> Tensor", ProductDecompositions::chain);
        d.op("linalg_matmul.default(Tensor self, Tensor other) -> Tensor",
            (e, a) -> e.call("matmul.default", a.arg(0), a.arg(1)));
        d.op("_scaled_mm.default(Tensor self, Tensor mat2, Tensor scale_a, Tensor scale_b, Tensor? bias=None, "
            + "Tensor? scale_result=None, ScalarType? out_dtype=None, bool use_fast_accum=False) -> Tensor",
            ProductDecompositions::scaled);
        d.op("frobenius_norm.dim(Tensor self, int[1] dim, bool keepdim=False) -> Tensor",
            (e, a) -> e.call("linalg_vector_norm.default", a.arg(0), 2, a.arg(1), a.arg(2)));
        d.op("norm.ScalarOpt_dtype(Tensor self, Scalar? p, *, ScalarType dtype) -> Tensor", (e, a) ->
            e.call("linalg_vector_norm.default", a.arg(0), a.isNone(1) ? Arg.of(2) : a.arg(1), Arg.NONE, false,
                a.arg(2)));
        d.op("norm.ScalarOpt_dim_dtype(Tensor self, Scalar? p, int[1] dim, bool keepdim, *, ScalarType dtype) -> Tensor",
            (e, a) -> e.call("linalg_vector_norm.default", a.arg(0), a.isNone(1) ? Arg.of(2) : a.arg(1), a.arg(2),
                a.arg(3), a.arg(4)));
    }

    private static Arg.Ref inner(Emit e, OpArgs a) {
        if (a.tensor(0).rank() == 0 || a.tensor(1).rank() == 0) {
            return e.mul(Emit.ref(a, 0), Emit.ref(a, 1));
        }
        return e.call("tensordot.default", a.arg(0), a.arg(1), Arg.ints(-1), Arg.ints(-1));
    }

    private static Arg.Ref kronecker(Emit e, OpArgs a) {
        int rank = Math.max(a.tensor(0).rank(), a.tensor(1).rank());
        List<SymInt> left = new ArrayList<>();
        List<SymInt> right = new ArrayList<>();
        List<SymInt> folded = new ArrayList<>();
        for (int d = 0; d < rank; d++) {
            SymInt n = size(a.tensor(0), d - rank);
            SymInt m = size(a.tensor(1), d - rank);
            left.addAll(List.of(n, SymInt.ONE));
            right.addAll(List.of(SymInt.ONE, m));
            folded.add(n.times(m));
        }
        return e.view(e.mul(e.view(Emit.ref(a, 0), left), e.view(Emit.ref(a, 1), right)), folded);
    }

    /** A size counted from the end; 1 in front of the first. */
    private static SymInt size(FakeTensor x, int fromEnd) {
        return x.rank() + fromEnd < 0 ? SymInt.ONE : x.size(x.rank() + fromEnd);
    }

    private static int three(OpArgs a) {
        for (int d = 0; d < a.tensor(0).rank(); d++) {
            if (a.tensor(0).size(d).is(3)) {
                return d;
            }
        }
        throw a.error("no dimension of size 3 in " + a.tensor(0));
    }

    private static Arg.Ref cross(Emit e, OpArgs a, int dim) {
        if (a.tensor(0).rank() != a.tensor(1).rank() || !a.tensor(0).size(dim).is(3) || !a.tensor(1).size(dim).is(3)) {
            throw a.error("dimension " + dim + " must have size 3, the operands are " + a.tensor(0) + " and "
                + a.tensor(1));
        }
        Arg.Ref x = Emit.ref(a, 0);
        Arg.Ref y = Emit.ref(a, 1);
        return e.sub(e.mul(rolled(e, x, dim, 2), rolled(e, y, dim, 1)), e.mul(rolled(e, x, dim, 1), rolled(e, y, dim, 2)));
    }

    private static Arg.Ref rolled(Emit e, Arg.Ref x, int dim, int shift) {
        return e.call("roll.default", x, Arg.ints(shift), Arg.ints(dim));
    }

    /** beta self + alpha product; without a beta, self is not read. */
    private static Arg.Ref added(Emit e, OpArgs a, Arg.Ref product) {
        Arg.Ref scaled = a.real(4) == 1 ? product : e.mul(product, a.arg(4));
        if (a.real(3) == 0) {
            return scaled;
        }
        Arg.Ref self = a.real(3) == 1 ? Emit.ref(a, 0) : e.mul(Emit.ref(a, 0), a.arg(3));
        return e.cast(e.add(self, scaled), e.dtype(e.add(Emit.ref(a, 0), product)));
    }

    private static Arg.Ref chain(Emit e, OpArgs a) {
        return ((Arg.Refs) a.arg(0)).refs().stream().reduce((x, y) -> e.call("matmul.default", x, y)).orElseThrow(
            () -> a.error("at least one matrix expected"));
    }

    /**
     * (self * scale_a) (mat2 * scale_b) + bias, summed in f32. A scale is one number, or one a row or column. Every float
     * of 8 bits is one of bf16.
     */
    private static Arg.Ref scaled(Emit e, OpArgs a) {
        if (!a.tensor(0).dtype().isFloat8() || !a.tensor(1).dtype().isFloat8()) {
            throw a.error("floats of 8 bits expected, got " + a.tensor(0) + " and " + a.tensor(1));
        }
        Arg.Ref sum = e.call("mm.dtype", e.cast(Emit.ref(a, 0), DType.BF16), e.cast(Emit.ref(a, 1), DType.BF16),
            DType.F32);
        Arg.Ref result = e.mul(e.mul(sum, scale(e, a, 2)), scale(e, a, 3));
        if (!a.isNone(4)) {
            result = e.add(result, e.cast(Emit.ref(a, 4), DType.F32));
        }
        DType out = a.dtype(6).orElse(a.tensor(0).dtype());
        if (!a.isNone(5) && out.isFloat8()) {
            result = e.mul(result, Emit.ref(a, 5));
        }
        return e.cast(result, out);
    }

    private static Arg.Ref scale(Emit e, OpArgs a, int position) {
        Arg.Ref scale = Emit.ref(a, position);
        SymInt length = a.tensor(0).size(0);
        boolean fits = e.tensor(scale).numel().is(1)
            || e.rank(scale) == 2 && e.tensor(scale).size(position == 2 ? 1 : 0).is(1);
        if (!fits) {
            throw a.error("a scale is one number, or one a row or column, got " + e.tensor(scale) + " for " + length
                + " rows");
        }
        return e.tensor(scale).numel().is(1) ? e.view(scale, List.of()) : scale;
    }
}
