package dev.kiln.stages.eager;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.metadata.ParameterMetadata;
import dev.kiln.ops.metadata.TensorMetadata;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpSchema;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/**
 * The call of one op.
 *
 * @param args complete arguments in schema order; the tensors are {@link #tensor}(0), (1), ... in order of appearance
 * @param tensors what is known of each tensor
 */
public record EagerCall(OpOverload op, List<Arg> args, List<FakeTensor> tensors) {

    /**
     * @param args as given: trailing ones that have a default may be missing, and none stands for the default where the
     *     parameter is not optional
     * @throws IllegalArgumentException if an argument is missing or does not fit its parameter
     */
    public static EagerCall of(OpOverload op, List<Arg> args, List<FakeTensor> tensors) {
        List<Arg> given = new ArrayList<>(args);
        for (int i = 0; i < Math.min(given.size(), op.schema().parameters().size()); i++) {
            OpSchema.Parameter parameter = op.schema().parameters().get(i);
            if (given.get(i) instanceof Arg.None && !parameter.optional() && parameter.defaultValue().isPresent()) {
                given.set(i, parameter.defaultValue().get());
            }
        }
        return new EagerCall(op, op.schema().complete(given), List.copyOf(tensors));
    }

    /** The reference to a tensor of the call. */
    public static Arg.Ref tensor(int number) {
        return Arg.ref(name(number));
    }

    /** The name of a tensor as an input of the graph. */
    public static String name(int number) {
        return "t" + number;
    }

    public List<ParameterMetadata> metadata() {
        Map<Arg.Ref, TensorMetadata> known = new HashMap<>();
        IntStream.range(0, tensors.size()).forEach(i -> known.put(tensor(i), TensorMetadata.of(tensors.get(i))));
        return ParameterMetadata.of(op, args, known::get);
    }

    /**
     * The same call with a symbol for each size of at least 2, equal sizes sharing one; the tensors must be contiguous.
     */
    public EagerCall dynamic() {
        Map<SymInt, SymInt> symbols = new HashMap<>();
        UnaryOperator<SymInt> symbol = size -> size.is(0) || size.is(1) ? size
            : symbols.computeIfAbsent(size, s -> SymInt.symbol("s" + symbols.size()));
        List<FakeTensor> general = tensors.stream()
            .map(t -> t.fresh(t.sizes().stream().map(symbol).toList())).toList();
        return new EagerCall(op, args, general);
    }

    /**
     * A graph of the call alone; the outputs are named "0", "1", ...
     *
     * @param hints the sizes of this call, which tuning assumes for the symbols
     */
    public Graph graph(List<FakeTensor> hints) {
        ShapeEnv shapes = new ShapeEnv();
        Map<String, Long> defined = new HashMap<>();
        for (int i = 0; i < tensors.size(); i++) {
            for (int d = 0; d < tensors.get(i).rank(); d++) {
                SymInt size = tensors.get(i).size(d);
                long hint = hints.get(i).size(d).asLong();
                if (!size.isConstant() && defined.putIfAbsent(size.toString(), hint) == null) {
                    shapes.backed(size.toString(), 2, Long.MAX_VALUE, hint);
                }
            }
        }
        GraphBuilder g = new GraphBuilder(shapes).from(List.of(op.name()));
        for (int i = 0; i < tensors.size(); i++) {
            g.placeholder(name(i), tensors.get(i));
        }
        Arg.Ref result = g.call(op, args);
        int outputs = ((Node.Call) g.node(result)).outputs().size();
        IntStream.range(0, outputs).forEach(i -> g.output(Integer.toString(i), new Arg.Ref(result.node(), i)));
        return g.build();
    }
}
