package dev.kiln.stages.postcompile;

import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.CompiledGraph.SymbolSpec;
import dev.kiln.cache.CompiledGraph.TensorSpec;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/** How a graph is called, as the data that a cache entry keeps. */
final class Signatures {
    private Signatures() {
    }

    static CompiledGraph.Signature of(Graph graph) {
        List<TensorSpec> inputs = new ArrayList<>();
        graph.placeholders().forEach(p -> inputs.add(spec(p.source(), p.tensor())));
        List<TensorSpec> outputs = new ArrayList<>();
        graph.outputs().forEach(o -> outputs.add(output(o.name(), graph.tensor(o.value()))));
        List<SymbolSpec> symbols = graph.shapes().symbols().stream().map(s -> symbol(graph, s)).toList();
        return new CompiledGraph.Signature(symbols, inputs, outputs,
            graph.shapes().guards().stream().map(g -> text(g, graph.shapes().askedBy(g))).toList());
    }

    /** A guard and, behind a {@code #}, the op that asked for it. */
    private static String text(Guard guard, String asker) {
        return asker.isEmpty() ? guard.toString() : guard + " # " + asker;
    }

    private static TensorSpec spec(String name, FakeTensor tensor) {
        return new TensorSpec(name, tensor.dtype().text(), text(tensor.sizes()), text(tensor.strides()));
    }

    /** Outputs are always dense. */
    private static TensorSpec output(String name, FakeTensor tensor) {
        return new TensorSpec(name, tensor.dtype().text(), text(tensor.sizes()),
            text(FakeTensor.contiguousStrides(tensor.sizes())));
    }

    private static List<String> text(List<SymInt> sizes) {
        return sizes.stream().map(SymInt::toString).toList();
    }

    /** A symbol's value is read off the first input dimension that is the symbol itself. */
    private static SymbolSpec symbol(Graph graph, ShapeEnv.Symbol symbol) {
        SymInt size = SymInt.symbol(symbol.name());
        List<Node.Placeholder> inputs = graph.placeholders();
        for (int i = 0; i < inputs.size(); i++) {
            int dim = inputs.get(i).tensor().sizes().indexOf(size);
            if (dim >= 0) {
                return new SymbolSpec(symbol.name(), i, dim, symbol.min(), symbol.max(), symbol.hint());
            }
        }
        throw new IllegalStateException("no input has a dimension of size " + symbol.name());
    }
}
