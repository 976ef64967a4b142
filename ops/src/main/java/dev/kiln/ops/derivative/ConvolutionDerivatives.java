package dev.kiln.ops.derivative;

import dev.kiln.ops.graph.Arg;
import java.util.List;

/** Convolution of all kinds, transposed ones too. */
final class ConvolutionDerivatives {
    private ConvolutionDerivatives() {
    }

    static void define(Rules r) {
        r.rule("convolution.default", b -> {
            Arg.Ref all = b.e().call("convolution_backward.default", b.grad(), b.input(0), b.input(1),
                b.call().arg(2) instanceof Arg.Ref ? List.of(b.tensor(2).size(0)) : null, b.call().arg(3), b.call().arg(4),
                b.call().arg(5), b.call().arg(6), b.call().arg(7), b.call().arg(8), List.of(b.wants(0), b.wants(1), b.wants(2)));
            for (int i = 0; i < 3; i++) {
                Arg.Ref gradient = new Arg.Ref(all.node(), i);
                b.give(i, () -> gradient);
            }
        });
    }
}
