package dev.kiln.ops.interpreter;

import dev.kiln.ops.decompose.Decomposition;
import dev.kiln.ops.decompose.Decompositions;
import dev.kiln.ops.decompose.Expansion;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.ComplexNumbers;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.schema.OpKind;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Executes any graph with plain loops: the reference that compiled code is compared with, and the evaluator
 * of constant folding. Made to be obviously right, not fast.
 */
public final class Interpreter {
    private Interpreter() {
    }

    /**
     * Runs a graph.
     *
     * @param inputs one tensor a placeholder, by its source name
     * @return one tensor an output, by its name, in order
     * @throws dev.kiln.ops.KilnException.BadInput if the inputs do not fit the placeholders or the guards
     */
    public static Map<String, ConstantValue> run(Graph graph, Map<String, ConstantValue> inputs) {
        Map<String, Long> symbols = SymbolBinding.bind(graph, inputs);
        Map<String, Integer> lastUse = lastUses(graph);
        Map<String, List<ConstantValue>> values = new HashMap<>();
        List<Node> nodes = graph.nodes();
        for (int i = 0; i < nodes.size(); i++) {
            Node node = nodes.get(i);
            values.put(node.name(), switch (node) {
                case Node.Placeholder p -> List.of(inputs.get(p.source()));
                case Node.Constant c -> List.of(c.value());
                case Node.Call c -> checked(graph, c, symbols, evaluate(c.op(), c.args(), symbols::get,
                    r -> values.get(r.node()).get(r.output())));
            });
            if (node instanceof Node.Call call) {
                for (Arg.Ref ref : call.inputs()) {
                    if (lastUse.get(ref.node()) <= i) {
                        values.remove(ref.node());
                    }
                }
            }
        }
        Map<String, ConstantValue> results = new LinkedHashMap<>();
        graph.outputs().forEach(o -> results.put(o.name(),
            values.get(o.value().node()).get(o.value().output())));
        return results;
    }

    /**
     * Runs one call of a graph without symbols; the inputs stand in the order of {@link Node.Call#inputs()}.
     */
    public static List<ConstantValue> evaluate(Node.Call call, List<ConstantValue> inputs) {
        Map<Arg.Ref, ConstantValue> values = new HashMap<>();
        List<Arg.Ref> refs = call.inputs();
        for (int i = 0; i < refs.size(); i++) {
            values.put(refs.get(i), inputs.get(i));
        }
        return evaluate(call.op(), call.args(), symbol -> null, values::get);
    }

    /** Where each node is read last, so that what nobody reads any more can go. */
    private static Map<String, Integer> lastUses(Graph graph) {
        Map<String, Integer> last = new HashMap<>();
        List<Node> nodes = graph.nodes();
        for (int i = 0; i < nodes.size(); i++) {
            if (nodes.get(i) instanceof Node.Call call) {
                for (Arg.Ref ref : call.inputs()) {
                    last.put(ref.node(), i);
                }
            }
        }
        graph.outputs().forEach(o -> last.put(o.value().node(), Integer.MAX_VALUE));
        return last;
    }

    private static List<ConstantValue> evaluate(OpOverload op, List<Arg> args, Function<String, Long> symbols,
            Function<Arg.Ref, ConstantValue> values) {
        List<Arg> concrete = op.kind() == OpKind.DATA_SIZED ? args // the symbol that they bind may be known already
            : args.stream().map(a -> concrete(a, symbols)).toList();
        OpArgs opArgs = new OpArgs(op.schema(), concrete, r -> fake(values.apply(r)), new ShapeEnv());
        Frame frame = new Frame(op, opArgs, op.outputs(opArgs), values);
        Optional<Decomposition> complex = ComplexNumbers.decomposition(op, opArgs);
        return complex.isPresent() ? decomposed(frame, complex.get()) : evaluate(op, frame);
    }

    private static List<ConstantValue> evaluate(OpOverload op, Frame frame) {
        return switch (op.kind()) {
            case ELEMENTWISE -> List.of(ElementwiseKernel.run(frame));
            case VIEW -> List.of(ViewKernel.run(frame));
            case REDUCTION -> List.of(ReductionKernel.run(frame));
            case INDEXING -> List.of(IndexingKernel.run(frame));
            case SEQUENTIAL -> SequentialKernel.run(frame);
            case FACTORY -> List.of(FactoryKernel.run(frame));
            case CONTRACTION -> op.name().equals(Decompositions.ATTENTION)
                ? decomposed(frame, Decompositions.attention()) : List.of(ContractionKernel.run(frame));
            case DATA_SIZED -> List.of(DataSizeKernel.run(frame));
            case COMPOSITE -> decomposed(frame, Decompositions.find(op).orElseThrow());
        };
    }

    private static List<ConstantValue> decomposed(Frame frame, Decomposition decomposition) {
        Expansion expansion = Expansion.of(decomposition, frame.args());
        Map<String, ConstantValue> inputs = new HashMap<>();
        expansion.sources().forEach((ref, source) -> inputs.put(source, frame.values().apply(ref)));
        for (int i = 0; i < expansion.results().size(); i++) {
            expansion.builder().output(Integer.toString(i), expansion.results().get(i));
        }
        return List.copyOf(run(expansion.builder().build(), inputs).values());
    }

    private static FakeTensor fake(ConstantValue value) {
        return FakeTensor.contiguous(value.dtype(), value.sizes().stream().map(SymInt::of).toList());
    }

    private static Arg concrete(Arg arg, Function<String, Long> symbols) {
        return switch (arg) {
            case Arg.Int(SymInt value) -> new Arg.Int(concrete(value, symbols));
            case Arg.Ints(List<SymInt> values) ->
                new Arg.Ints(values.stream().map(v -> concrete(v, symbols)).toList());
            default -> arg;
        };
    }

    private static SymInt concrete(SymInt value, Function<String, Long> symbols) {
        boolean known = value.symbols().stream().allMatch(s -> symbols.apply(s) != null);
        return known ? SymInt.of(value.evaluate(symbols)) : value;
    }

    /** What a call gave must be what its node promises. */
    private static List<ConstantValue> checked(Graph graph, Node.Call call, Map<String, Long> symbols,
        List<ConstantValue> results) {
        if (DataSizeKernel.gives(call)) {
            DataSizeKernel.bind(graph, call, results, symbols);
        }
        for (int i = 0; i < call.outputs().size(); i++) {
            FakeTensor promised = call.output(i);
            List<Long> sizes = promised.sizes().stream().map(s -> s.evaluate(symbols::get)).toList();
            ConstantValue result = results.get(i);
            if (result.dtype() != promised.dtype() || !result.sizes().equals(sizes)) {
                throw new IllegalStateException("%" + call.name() + " = " + call.op() + " gave "
                    + result.dtype()
                    + result.sizes() + ", its node says " + promised);
            }
        }
        return results;
    }
}
