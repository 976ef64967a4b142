package dev.kiln.stages.oracle;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One call to compare.
 *
 * @param sample gives the same case again
 * @param args complete arguments in schema order; references are keys of {@code operands}
 */
record OracleCase(Sample sample, List<Arg> args, Map<Arg.Ref, Operand> operands) {

    /** How an operand lies in memory. */
    enum Layout { CONTIGUOUS, TRANSPOSED, SLICED }

    /** A tensor as the op sees it, and its layout. */
    record Operand(ConstantValue value, Layout layout) {
    }

    /** A graph of one call, and its inputs. */
    record Program(Graph graph, Map<String, ConstantValue> inputs) {
    }

    OpOverload op() {
        return sample.op();
    }

    long seed() {
        return sample.seed();
    }

    Map<Arg.Ref, ConstantValue> tensors() {
        Map<Arg.Ref, ConstantValue> tensors = new LinkedHashMap<>();
        operands.forEach((ref, operand) -> tensors.put(ref, operand.value()));
        return tensors;
    }

    List<DType> dtypes() {
        return operands.values().stream().map(o -> o.value().dtype()).toList();
    }

    /**
     * @param strided whether inputs lie in their operands' layouts; else views of contiguous inputs make
     * them
     */
    Program program(boolean strided) {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        Map<String, ConstantValue> inputs = new LinkedHashMap<>();
        Map<Arg.Ref, Arg.Ref> refs = new HashMap<>();
        operands.forEach((ref, operand) -> refs.put(ref, strided
            ? strided(g, ref.node(), operand, inputs) : input(g, ref.node(), operand, inputs)));
        Arg.Ref first = g.call(op(), args.stream().map(a -> a.mapReferences(refs::get)).toList());
        int outputs = g.node(first).outputs().size();
        for (int i = 0; i < outputs; i++) {
            g.output("out" + i, new Arg.Ref(first.node(), i));
        }
        return new Program(g.build(), inputs);
    }

    private static Arg.Ref input(GraphBuilder g, String name, Operand operand, Map<String,
        ConstantValue> inputs) {
        int rank = operand.value().sizes().size();
        ConstantValue stored = switch (operand.layout()) {
            case CONTIGUOUS -> operand.value();
            case TRANSPOSED -> apply("aten.transpose.int", operand.value(), -1, 0);
            case SLICED -> apply("aten.repeat_interleave.self_int", operand.value(), 2, rank - 1);
        };
        inputs.put(name, stored);
        Arg.Ref input = g.placeholder(name, fake(stored));
        return switch (operand.layout()) {
            case CONTIGUOUS -> input;
            case TRANSPOSED -> g.call("aten.transpose.int", input, -1, 0);
            case SLICED -> g.call("aten.slice.Tensor", input, rank - 1, 0, null, 2);
        };
    }

    private static Arg.Ref strided(GraphBuilder g, String name, Operand operand,
            Map<String, ConstantValue> inputs) {
        inputs.put(name, operand.value());
        FakeTensor dense = fake(operand.value());
        if (operand.layout() == Layout.CONTIGUOUS) {
            return g.placeholder(name, dense);
        }
        List<SymInt> strides = new ArrayList<>(dense.strides());
        if (operand.layout() == Layout.TRANSPOSED) {
            strides = new ArrayList<>(FakeTensor.contiguousStrides(dense.sizes().reversed()).reversed());
        } else {
            strides.replaceAll(s -> s.times(2));
        }
        return g.placeholder(name, dense.view(dense.sizes(), strides, SymInt.of(3)));
    }

    private static ConstantValue apply(String overload, ConstantValue value, Object first, Object second) {
        GraphBuilder g = new GraphBuilder(new ShapeEnv());
        g.output("y", g.call(overload, g.placeholder("x", fake(value)), first, second));
        return Interpreter.run(g.build(), Map.of("x", value)).get("y");
    }

    private static FakeTensor fake(ConstantValue value) {
        return FakeTensor.contiguous(value.dtype(), value.sizes().stream().map(SymInt::of).toList());
    }

    @Override
    public String toString() {
        StringBuilder out = new StringBuilder(op() + "(");
        for (int i = 0; i < args.size(); i++) {
            out.append(i == 0 ? "" : ", ").append(args.get(i));
        }
        out.append("), seed ").append(seed()).append(", sample ").append(sample.text()).append(' ')
            .append(sample.dtypes());
        operands.forEach((ref, o) -> out.append("\n  ").append(ref).append(" = ").append(o.value().dtype())
            .append(o.value().sizes()).append(' ').append(o.layout()).append(' ').append(elements(o
                .value())));
        return out.toString();
    }

    static String elements(ConstantValue value) {
        if (value.dtype().isComplex()) {
            return elements(Tolerance.parts(value));
        }
        StringBuilder out = new StringBuilder("[");
        for (long i = 0; i < Math.min(24, value.numel()); i++) {
            out.append(i == 0 ? "" : ", ").append(value.dtype().isFloating()
                ? Double.toString(value.doubleAt(i)) : Long.toString(value.longAt(i)));
        }
        return out.append(value.numel() > 24 ? ", ...]" : "]").toString();
    }
}
