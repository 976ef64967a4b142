package dev.kiln.stages.lowering;

import dev.kiln.ops.aten.ComplexOps;
import dev.kiln.ops.scalar.Scalar;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.lowering.LoopNode.Fourier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Fourier transforms along a dimension of a tensor in memory; lines may have any strides. */
final class FourierLowering {
    private FourierLowering() {
    }

    static Value lower(CallLowering c) {
        Fourier.Rule rule = switch (c.op()) {
            case ComplexOps.OF_REALS -> Fourier.Rule.OF_REALS;
            case ComplexOps.TO_REALS -> Fourier.Rule.TO_REALS;
            default -> Fourier.Rule.COMPLEX;
        };
        Value self = c.value(0);
        Value.Strided table = c.dense(c.realized(1));
        Buffer output = c.allocateResult(c.result().sizes());
        int rank = rule == Fourier.Rule.OF_REALS ? self.rank() : self.rank() - 1;
        int dim = c.args().dim(2, rank);
        List<SymInt> sizes = new ArrayList<>(self.sizes().subList(0, rank));
        SymInt count = sizes.remove(dim);
        List<SymInt> from = index(rank, dim, rule != Fourier.Rule.OF_REALS);
        List<SymInt> to = index(rank, dim, rule != Fourier.Rule.TO_REALS);
        boolean inverse = rule == Fourier.Rule.TO_REALS || rule == Fourier.Rule.COMPLEX && c.args().bool(3);
        Scalar.Load key = self.load(from) instanceof Scalar.Load load && isLinear(load.index()) ? load
            : (Scalar.Load) c.realized(0).load(from);
        c.lowering().add(new Fourier(output, rule, inverse, sizes, rule == Fourier.Rule.TO_REALS ? c.args().size(3) : count,
            LoopVars.offset(to, output.strides()), key, table.buffer().name(), List.copyOf(c.origins())));
        return GraphLowering.whole(output);
    }

    /** Whether neighbours along a line, and the parts of a pair, are everywhere at the same distance. */
    private static boolean isLinear(SymInt index) {
        SymInt first = index.substitute(Map.of("r0", SymInt.ZERO, "r1", SymInt.ZERO));
        SymInt step = index.substitute(Map.of("r0", SymInt.ONE, "r1", SymInt.ZERO)).minus(first);
        SymInt part = index.substitute(Map.of("r0", SymInt.ZERO, "r1", SymInt.ONE)).minus(first);
        return index.equals(first.plus(step.times(LoopVars.reduced(0))).plus(part.times(LoopVars.reduced(1))));
    }

    /** i0, i1, ... with r0 at the dimension, and r1 behind them for the part of a pair. */
    private static List<SymInt> index(int rank, int dim, boolean pairs) {
        List<SymInt> index = new ArrayList<>(LoopVars.outputs(rank - 1));
        index.add(dim, LoopVars.reduced(0));
        if (pairs) {
            index.add(LoopVars.reduced(1));
        }
        return index;
    }
}
