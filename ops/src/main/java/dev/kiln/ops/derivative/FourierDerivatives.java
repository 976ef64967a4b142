package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Fourier transforms: the gradient of one is the transform the other way round. */
final class FourierDerivatives {
    private FourierDerivatives() {
    }

    static void define(Rules r) {
        r.complexRule("_fft_c2c.default", b -> b.give(0, () -> b.e().call("_fft_c2c.default", b.grad(), b.call().arg(1),
            b.call().arg(2), !b.args().bool(3))));
        r.complexRule("_fft_r2c.default", b -> b.give(0, () -> {
            Emit e = b.e();
            Arg.Ref grad = b.args().bool(3) ? padded(b) : b.grad();
            return e.unary("real", e.call("_fft_c2c.default", grad, b.call().arg(1), b.call().arg(2), false));
        }));
        r.complexRule("_fft_c2r.default", b -> b.give(0, () -> halved(b)));
    }

    private static int last(Backward b) {
        int[] dims = b.args().integers(1);
        return b.args().wrapDim(dims[dims.length - 1], b.tensor(0).rank());
    }

    /** What the one-sided transform left out had no influence. */
    private static Arg.Ref padded(Backward b) {
        Emit e = b.e();
        int last = last(b);
        List<SymInt> sizes = new ArrayList<>(e.tensor(b.grad()).sizes());
        sizes.set(last, b.tensor(0).size(last).minus(sizes.get(last)));
        return e.cat(List.of(b.grad(), e.full(sizes, 0, e.dtype(b.grad()))), last);
    }

    /** Frequencies that stand for two count twice: all but the first and, of an even size, the last one. */
    private static Arg.Ref halved(Backward b) {
        Emit e = b.e();
        int last = last(b);
        Arg.Ref half = e.call("_fft_r2c.default", b.grad(), b.call().arg(1), b.call().arg(2), true);
        SymInt twice = e.tensor(b.grad()).size(last).minus(e.tensor(half).size(last));
        Arg.Ref at = e.call("arange.start_step", 0, e.tensor(half).size(last), 1);
        Arg.Ref inner = e.call("logical_and.default", e.call("ge.Scalar", at, 1), e.call("le.Scalar", at, twice));
        List<SymInt> shape = new ArrayList<>(Collections.nCopies(b.tensor(0).rank(), SymInt.ONE));
        shape.set(last, e.tensor(half).size(last));
        Arg.Ref factor = e.add(e.cast(inner, e.dtype(b.grad())), 1.0);
        return e.mul(half, e.view(factor, shape));
    }
}
