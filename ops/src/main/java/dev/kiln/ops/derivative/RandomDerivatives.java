package dev.kiln.ops.derivative;

import dev.kiln.ops.graph.Arg;

/** Random numbers do not depend on the tensors that they are drawn like; dropout passes on what it kept. */
final class RandomDerivatives {
    private RandomDerivatives() {
    }

    static void define(Rules r) {
        r.rule("native_dropout.default", b -> b.give(0, () -> {
            boolean train = b.args().isNone(2) || b.args().bool(2);
            double p = b.args().real(1);
            Arg.Ref mask = b.output(1);
            return !train ? b.grad()
                : b.e().call("native_dropout_backward.default", b.grad(), mask, p == 1 ? 0 : 1 / (1 - p));
        }));
        r.none("rand_like.default", "randn_like.default", "bernoulli.default", "bernoulli.p");
    }
}
