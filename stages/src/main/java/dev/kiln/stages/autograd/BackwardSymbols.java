package dev.kiln.stages.autograd;

import dev.kiln.ops.DType;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.LinearSize;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The open sizes of a backward graph.
 *
 * @param shapes the symbols that it mentions, and the guards about these alone
 * @param unbound symbols that no size of its inputs gives a value to: an empty tensor has to carry them
 */
record BackwardSymbols(ShapeEnv shapes, List<SymInt> unbound) {
    /** The dtype of the empty tensor. */
    static final DType CARRIER = DType.F32;

    /**
     * @param inputs values of the joint graph that are its inputs
     * @param calls names of the joint graph's calls that it has
     */
    static BackwardSymbols of(Graph joint, Collection<Arg.Ref> inputs, Set<String> calls) {
        Set<String> mentioned = new TreeSet<>();
        Set<String> bound = new TreeSet<>();
        for (Arg.Ref input : inputs) {
            collect(joint.tensor(input), mentioned);
            joint.tensor(input).sizes().forEach(s -> LinearSize.of(s).ifPresent(l -> bound.add(l.symbol())));
        }
        joint.calls().stream().filter(c -> calls.contains(c.name())).forEach(c -> collect(c, mentioned));
        if (mentioned.stream().anyMatch(joint.shapes()::isUnbacked)) {
            throw new KilnException.Unsupported("gradients of sizes that depend on data (nonzero, masks, item()) "
                + "are not supported; give the forward part such sizes without asking for gradients");
        }
        List<ShapeEnv.Symbol> symbols = joint.shapes().symbols().stream()
            .filter(s -> mentioned.contains(s.name())).toList();
        ShapeEnv own = new ShapeEnv(symbols, joint.shapes().guards().stream()
            .filter(g -> mentioned.containsAll(g.symbols())).toList());
        return new BackwardSymbols(own, symbols.stream().map(ShapeEnv.Symbol::name)
            .filter(s -> !bound.contains(s)).map(SymInt::symbol).toList());
    }

    private static void collect(Node.Call call, Set<String> into) {
        call.outputs().forEach(o -> collect(o, into));
        for (Arg arg : call.args()) {
            switch (arg) {
                case Arg.Int(SymInt value) -> into.addAll(value.symbols());
                case Arg.Ints(List<SymInt> values) -> values.forEach(v -> into.addAll(v.symbols()));
                default -> { }
            }
        }
    }

    private static void collect(FakeTensor tensor, Set<String> into) {
        tensor.sizes().forEach(s -> into.addAll(s.symbols()));
        tensor.strides().forEach(s -> into.addAll(s.symbols()));
        into.addAll(tensor.offset().symbols());
    }
}
