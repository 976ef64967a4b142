package dev.kiln.ops.derivative;

import dev.kiln.ops.decompose.Emit;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.shape.SymInt;
import java.util.List;

/** Reads by index: gradients are added where elements came from. */
final class IndexingDerivatives {
    private IndexingDerivatives() {
    }

    static void define(Rules r) {
        r.rule("index_select.default", b -> b.give(0, () -> selected(b)));
        r.rule("gather.default", b -> b.give(0, () -> {
            FakeTensor self = b.tensor(0);
            return OrderDerivatives.put(b.e(), self, b.args().dim(1, self.rank()), b.input(2), b.grad());
        }));
        r.rule("cat.default", IndexingDerivatives::parts);
    }

    private static Arg.Ref selected(Backward b) {
        Emit e = b.e();
        FakeTensor self = b.tensor(0);
        Arg.Ref zeros = e.full(self.sizes(), 0, e.dtype(b.grad()));
        Arg.Ref index = e.rank(b.input(2)) == 0 ? e.view(b.input(2), List.of(SymInt.ONE)) : b.input(2);
        return e.call("index_add.default", zeros, b.call().arg(1), index, b.grad());
    }

    private static void parts(Backward b) {
        Emit e = b.e();
        List<Arg.Ref> tensors = ((Arg.Refs) b.call().arg(0)).refs();
        FakeTensor result = b.call().output(0);
        int dim = b.args().dim(1, result.rank());
        SymInt start = SymInt.ZERO;
        for (int i = 0; i < tensors.size(); i++) {
            FakeTensor part = e.tensor(tensors.get(i));
            if (part.rank() != result.rank()) { // an empty vector fits anything
                b.give(0, i, () -> e.full(part.sizes(), 0, part.dtype()));
                continue;
            }
            SymInt from = start;
            start = start.plus(part.size(dim));
            SymInt to = start;
            b.give(0, i, () -> e.slice(b.grad(), dim, from, to));
        }
    }
}
