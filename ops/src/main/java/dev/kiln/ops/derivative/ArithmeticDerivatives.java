package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;

/** Sums, products and quotients. */
final class ArithmeticDerivatives {
    private ArithmeticDerivatives() {
    }

    static void define(Rules r) {
        r.rule("add.Tensor", b -> {
            b.give(0, b::grad);
            b.give(1, () -> b.e().mul(b.grad(), b.call().arg(2)));
        });
        r.rule("mul.Tensor", b -> {
            Emit e = b.e();
            b.give(0, () -> e.mul(b.grad(), b.input(1)));
            b.give(1, () -> e.mul(b.grad(), b.input(0)));
        });
    }
}
