package dev.kiln.ops.derivative;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;

/** Padding with a number; what was added is cut off again, and the other way round. */
final class PaddingDerivatives {
    private PaddingDerivatives() {
    }

    static void define(Rules r) {
        r.rule("constant_pad_nd.default", b -> b.give(0, () -> b.e().call("constant_pad_nd.default", b.grad(),
            new Arg.Ints(b.args().sizes(1).stream().map(SymInt::negate).toList()), 0)));
    }
}
