package dev.kiln.ops.decompose;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Elementwise ops that need more than one formula: places, halves, several outputs. */
final class PointwiseDecompositions {
    private PointwiseDecompositions() {
    }

    static void define(Definitions d) {
        d.op("tril.default(Tensor self, SymInt diagonal=0) -> Tensor", (e, a) -> triangle(e, a, "le.Scalar"));
        d.op("triu.default(Tensor self, SymInt diagonal=0) -> Tensor", (e, a) -> triangle(e, a, "ge.Scalar"));
        d.op("glu.default(Tensor self, int dim=-1) -> Tensor", PointwiseDecompositions::glu);
        d.op("prelu.default(Tensor self, Tensor weight) -> Tensor", PointwiseDecompositions::prelu);
        d.list("log_sigmoid_forward.default(Tensor self) -> (Tensor, Tensor)", (e, a) -> List.of(
            e.unary("log_sigmoid", Emit.ref(a, 0)),
            e.unary("exp", e.unary("neg", e.unary("abs", Emit.ref(a, 0))))));
    }

    /** Keeps the elements whose column minus row compares with the diagonal as told. */
    private static Arg.Ref triangle(Emit e, OpArgs a, String comparison) {
        FakeTensor self = a.tensor(0);
        int n = self.rank();
        if (n < 2) {
            throw a.error("at least two dimensions expected, got " + self);
        }
        Arg.Ref offset = e.sub(e.positions(self.size(n - 1), 1, 2), e.positions(self.size(n - 2), 0, 2));
        return e.where(e.call(comparison, offset, a.arg(1)), Emit.ref(a, 0), e.number(0, self.dtype()));
    }

    private static Arg.Ref glu(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(0);
        int dim = a.dim(1, self.rank());
        SymInt size = self.size(dim);
        if (self.rank() == 0 || !size.mod(SymInt.of(2)).is(0)) {
            throw a.error("dimension " + dim + " of " + self.sizes() + " cannot be halved");
        }
        SymInt half = size.floorDiv(SymInt.of(2));
        Arg.Ref gate = e.unary("sigmoid", e.slice(Emit.ref(a, 0), dim, half, size));
        return e.mul(e.slice(Emit.ref(a, 0), dim, SymInt.ZERO, half), gate);
    }

    /** One slope, or one a channel (dimension 1). */
    private static Arg.Ref prelu(Emit e, OpArgs a) {
        FakeTensor self = a.tensor(0);
        FakeTensor weight = a.tensor(1);
        List<SymInt> shape = new ArrayList<>(Collections.nCopies(self.rank(), SymInt.ONE));
        if (!weight.numel().is(1)) {
            SymInt channels = self.rank() < 2 ? SymInt.ONE : self.size(1);
            a.shapes().require(weight.numel(), channels, "aten.prelu, slopes");
            shape.set(1, channels);
        }
        return e.call("_prelu_kernel.default", a.arg(0), e.view(Emit.ref(a, 1), shape));
    }
}
