package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Writes by index: arguments are self, dim, index, src and, where elements are combined, how. */
final class ScatterDerivatives {
    private ScatterDerivatives() {
    }

    static void define(Rules r) {
        r.rule("scatter.src", b -> {
            b.give(0, () -> b.e().call("scatter.value", b.grad(), b.call().arg(1), b.input(2), 0));
            b.give(3, () -> padded(b, gather(b, b.grad())));
        });
        r.rule("scatter.reduce", b -> {
            switch (b.args().string(4)) {
                case "add" -> {
                    b.give(0, b::grad);
                    b.give(3, () -> padded(b, gather(b, b.grad())));
                }
                case "multiply" -> products(b);
                default -> extremes(b);
            }
        });
    }

    private static Arg.Ref gather(Backward b, Arg.Ref x) {
        return b.e().call("gather.default", x, b.call().arg(1), b.input(2));
    }

    /** The part of src that the index uses. */
    private static Arg.Ref used(Backward b) {
        Emit e = b.e();
        Arg.Ref source = b.input(3);
        for (int d = 0; d < b.tensor(3).rank(); d++) {
            SymInt size = b.tensor(2).size(d);
            source = b.tensor(3).size(d).equals(size) ? source : e.slice(source, d, SymInt.ZERO, size);
        }
        return source;
    }

    private static Arg.Ref added(Backward b, Arg.Ref elements) {
        Emit e = b.e();
        Arg.Ref zeros = e.full(b.tensor(0).sizes(), 0, e.dtype(elements));
        return e.call("scatter.reduce", zeros, b.call().arg(1), b.input(2), elements, "add");
    }

    private static Arg.Ref multiplied(Backward b, Arg.Ref self, Arg.Ref source) {
        return b.e().call("scatter.reduce", self, b.call().arg(1), b.input(2), source, "multiply");
    }

    /** A zero is left out of the product of its own gradient; of several zeros none has any. */
    private static void products(Backward b) {
        Emit e = b.e();
        b.give(0, () -> {
            Arg.Ref self = e.call("masked_fill.Scalar", b.input(0), e.call("eq.Scalar", b.input(0), 0), 1);
            return e.div(e.mul(b.grad(), multiplied(b, self, b.input(3))), self);
        });
        b.give(3, () -> {
            Arg.Ref source = used(b);
            Arg.Ref zero = e.call("eq.Scalar", source, 0);
            Arg.Ref zeros = gather(b, added(b, e.cast(zero, e.dtype(source))));
            Arg.Ref single = e.call("logical_and.default", zero, e.call("eq.Scalar", zeros, 1));
            Arg.Ref others = multiplied(b, b.input(0), e.call("masked_fill.Scalar", source, single, 1));
            Arg.Ref divided = e.div(gather(b, e.mul(b.grad(), b.output(0))),
                e.call("masked_fill.Scalar", source, zero, 1));
            return padded(b, e.where(single, gather(b, e.mul(b.grad(), others)), divided));
        });
    }

    /** Of src's sizes: zeros for elements that the index does not use. */
    private static Arg.Ref padded(Backward b, Arg.Ref picked) {
        FakeTensor source = b.tensor(3);
        List<SymInt> pad = new ArrayList<>();
        for (int d = source.rank() - 1; d >= 0; d--) {
            pad.addAll(List.of(SymInt.ZERO, source.size(d).minus(b.tensor(2).size(d))));
        }
        boolean all = Collections.nCopies(pad.size(), SymInt.ZERO).equals(pad);
        return all ? picked : b.e().call("constant_pad_nd.default", picked, new Arg.Ints(pad));
    }

    /** Equal extremes share the gradient. */
    private static void extremes(Backward b) {
        Emit e = b.e();
        Arg.Ref own = e.cast(e.call("eq.Tensor", b.input(0), b.output(0)), e.dtype(b.grad()));
        Arg.Ref theirs = e.cast(e.call("eq.Tensor", used(b), gather(b, b.output(0))), e.dtype(b.grad()));
        Arg.Ref share = e.div(b.grad(), e.add(own, added(b, theirs)));
        b.give(0, () -> e.mul(own, share));
        b.give(3, () -> padded(b, e.mul(theirs, gather(b, share))));
    }
}
