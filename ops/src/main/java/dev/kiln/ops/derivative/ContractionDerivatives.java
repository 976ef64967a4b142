package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;

/** Matrix products; those that are not here are made of these. */
final class ContractionDerivatives {
    private ContractionDerivatives() {
    }

    static void define(Rules r) {
        r.complexRule("mm.default", b -> {
            Matrices m = new Matrices(b.e());
            b.give(0, () -> m.mm(b.grad(), m.adjoint(b.input(1))));
            b.give(1, () -> m.mm(m.adjoint(b.input(0)), b.grad()));
        });
        r.rule("mm.dtype", b -> {
            Matrices m = new Matrices(b.e());
            Emit e = b.e();
            b.give(0, () -> m.mm(b.grad(), m.adjoint(e.cast(b.input(1), e.dtype(b.grad())))));
            b.give(1, () -> m.mm(m.adjoint(e.cast(b.input(0), e.dtype(b.grad()))), b.grad()));
        });
        r.complexRule("bmm.default", b -> {
            Matrices m = new Matrices(b.e());
            b.give(0, () -> m.bmm(b.grad(), m.adjoint(b.input(1))));
            b.give(1, () -> m.bmm(m.adjoint(b.input(0)), b.grad()));
        });
        r.rule("linear.default", ContractionDerivatives::linear);
        r.none("_int_mm.default");
    }

    /** All rows of the input form one tall matrix. */
    private static void linear(Backward b) {
        Emit e = b.e();
        Matrices m = new Matrices(e);
        Arg.Ref grad = m.rows(b.grad());
        b.give(0, () -> e.view(m.mm(grad, conjugate(e, b.input(1))), b.tensor(0).sizes()));
        b.give(1, () -> m.mm(m.adjoint(grad), conjugate(e, m.rows(b.input(0)))));
        b.give(2, () -> grad);
    }

    private static Arg.Ref conjugate(Emit e, Arg.Ref x) {
        return e.dtype(x).isComplex() ? e.unary("conj", x) : x;
    }
}
