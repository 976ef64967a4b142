package dev.kiln.bench.gemm;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.List;

/**
 * One product, with a constant weight or in training with one that is an input.
 *
 * @param group rows of a group are shown and summed up together
 * @param reach how many times as fast as the peer it must be; 0 if nothing is asked
 * @param x the activation, an input of the graph
 * @param weight the other operand
 * @param rest further constants: bias, scales
 * @param copies of the weight that calls use in turn; 1 leaves it in the caches
 * @param products multiplications of one call
 * @param arithmetic what multiplies at best on this CPU
 * @param peers the fastest of them counts
 * @param training whether the weight is an input of the graph, not a constant
 */
record Problem(String group, String name, double reach, Values x, Values weight, List<Values> rest, int copies,
        long products, Arithmetic arithmetic, Body body, List<Peer> peers, boolean training) {

    /** A product with a constant weight. */
    Problem(String group, String name, double reach, Values x, Values weight, List<Values> rest, int copies, long products,
            Arithmetic arithmetic, Body body, List<Peer> peers) {
        this(group, name, reach, x, weight, rest, copies, products, arithmetic, body, peers, false);
    }

    /** What the units for products take. */
    enum Arithmetic { F32, BF16, INT8 }

    /** The product as calls of ATen. */
    interface Body {
        Arg.Ref build(GraphBuilder graph, Arg.Ref x, Arg.Ref weight, List<Arg.Ref> rest);
    }

    /** Who is measured against. */
    sealed interface Peer {
        /** Whether it computes the same. */
        boolean comparable();

        /**
         * A TorchScript expression.
         *
         * @param input expression over {@code x}: what the op takes for it, made before the first call
         * @param prepared expression over {@code w} and {@code m}: the weight as the op wants it, made before the first call
         * @param call expression over {@code x}, {@code w} (prepared) and {@code c0}, {@code c1}, ... (the rest)
         */
        record Torch(String label, String input, String prepared, String call) implements Peer {
            @Override
            public boolean comparable() {
                return input.equals("x");
            }
        }

        /** Kiln itself, on another problem. */
        record Kiln(Problem problem) implements Peer {
            @Override
            public boolean comparable() {
                return false;
            }
        }
    }

    /** The tensors of one problem, the same for all engines. */
    record Data(ConstantValue x, ConstantValue weight, List<ConstantValue> rest) {
    }

    Data draw() {
        List<ConstantValue> constants = new ArrayList<>();
        rest.forEach(v -> constants.add(v.draw(3 + constants.size())));
        return new Data(x.draw(1), weight.draw(2), constants);
    }

    Graph graph(Data data) {
        GraphBuilder builder = new GraphBuilder(new ShapeEnv());
        Arg.Ref input = input(builder, "x", x);
        Arg.Ref other = training ? input(builder, "w", weight) : builder.constant("w", data.weight());
        List<Arg.Ref> others = new ArrayList<>();
        data.rest().forEach(c -> others.add(builder.constant("c" + others.size(), c)));
        builder.output("y", body.build(builder, input, other, others));
        return builder.build();
    }

    private static Arg.Ref input(GraphBuilder builder, String name, Values values) {
        return builder.placeholder(name, FakeTensor.contiguous(values.dtype(),
            values.shape().stream().map(SymInt::of).toList()));
    }

    /** Bytes that a call must take from memory: the weight, if the calls between pushed it out of the caches. */
    long coldBytes() {
        return copies > 1 ? weight.bytes() : 0;
    }
}
