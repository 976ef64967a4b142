package dev.kiln.stages.postcompile;

import dev.kiln.cache.CompiledGraph;
import dev.kiln.cache.CompiledGraph.SymbolSpec;
import dev.kiln.cache.CompiledGraph.TensorSpec;
import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.Guard;
import dev.kiln.ops.shape.LinearSize;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

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
        return new CompiledGraph.Signature(symbols, inputs, outputs, text(graph.shapes(), graph.shapes().guards()),
            text(graph.shapes(), graph.shapes().assertions()), capacities(graph));
    }

    /** Guards, each with the op that asked for it behind a {@code #}. */
    private static List<String> text(ShapeEnv shapes, List<Guard> guards) {
        return guards.stream().map(g -> g + (shapes.askedBy(g).isEmpty() ? "" : " # " + shapes.askedBy(g))).toList();
    }

    private static List<String> capacities(Graph graph) {
        List<SymInt> elements = graph.outputs().stream().map(o -> graph.tensor(o.value()).numel()).toList();
        if (elements.stream().noneMatch(graph.shapes()::isUnbacked)) {
            return List.of();
        }
        return elements.stream().map(n -> graph.shapes().limit(n).orElseThrow(() -> new KilnException.Unsupported(
            "the number of elements " + n + " of an output depends on data and has no upper limit")).toString()).toList();
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

    /**
     * A symbol's value is read off the first input dimension that is the symbol itself, else off the first that is
     * linear in it ({@code 2*s0}).
     */
    private static SymbolSpec symbol(Graph graph, ShapeEnv.Symbol symbol) {
        if (!symbol.backed()) {
            return new SymbolSpec(symbol.name(), -1, -1, symbol.min(), symbol.max(), symbol.hint());
        }
        return source(graph, symbol, size -> size.equals(SymInt.symbol(symbol.name())))
            .or(() -> source(graph, symbol, size -> LinearSize.of(size).map(LinearSize::symbol)
                .filter(symbol.name()::equals).isPresent()))
            .orElseThrow(() -> new IllegalStateException("no input has a dimension that gives " + symbol.name()));
    }

    private static Optional<SymbolSpec> source(Graph graph, ShapeEnv.Symbol symbol, Predicate<SymInt> gives) {
        List<Node.Placeholder> inputs = graph.placeholders();
        for (int i = 0; i < inputs.size(); i++) {
            List<SymInt> sizes = inputs.get(i).tensor().sizes();
            for (int d = 0; d < sizes.size(); d++) {
                if (gives.test(sizes.get(d))) {
                    return Optional.of(new SymbolSpec(symbol.name(), i, d, symbol.min(), symbol.max(), symbol.hint()));
                }
            }
        }
        return Optional.empty();
    }
}
