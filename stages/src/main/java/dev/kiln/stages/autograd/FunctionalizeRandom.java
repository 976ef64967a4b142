package dev.kiln.stages.autograd;

import dev.kiln.ops.DType;
import dev.kiln.ops.decompose.Decompositions;
import dev.kiln.ops.decompose.RandomStream;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpArgs;
import dev.kiln.ops.shape.ShapeEnv;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.pass.GraphRewriter;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Makes random ops functions of a state that is an input, so that each call of a compiled graph draws new numbers and
 * the same state gives the same ones, whoever computes them. To be run before a graph is differentiated.
 */
public final class FunctionalizeRandom {
    /** Source name of the state: i64[2], seed and offset. */
    public static final String STATE = "rng_state";

    private FunctionalizeRandom() {
    }

    /**
     * A graph without random ops.
     *
     * @param state source name of the input that it has more, if it draws numbers
     * @param counters how many counters a run takes: what the offset is to be advanced by after it
     */
    public record Result(Graph graph, Optional<String> state, SymInt counters) {
    }

    public static Result run(Graph given) {
        boolean drops = given.calls().stream().anyMatch(call -> drops(call, args(call, given::tensor, given.shapes())));
        Graph graph = drops ? GraphRewriter.rewrite(given, FunctionalizeRandom::attention) : given;
        RandomStream none = RandomStream.ofSeed(0);
        boolean random = graph.calls().stream().anyMatch(call -> Decompositions.isRandom(call.op()));
        Graph drawn = random ? rewrite(graph, none) : graph;
        if (none.taken().is(0)) {
            return new Result(drawn, Optional.empty(), SymInt.ZERO);
        }
        String source = unused(STATE, s -> graph.placeholders().stream().anyMatch(p -> p.source().equals(s)));
        GraphBuilder builder = new GraphBuilder(graph.shapes().copy());
        RandomStream stream = null;
        for (Node node : graph.nodes()) {
            if (node instanceof Node.Call && stream == null) {
                stream = stream(builder, graph, builder.add(new Node.Placeholder(unused(source, graph::has), source,
                    FakeTensor.contiguous(DType.I64, 2))));
            }
            builder.add(node);
        }
        graph.outputs().forEach(o -> builder.output(o.name(), o.value()));
        return new Result(rewrite(builder.build(), stream), Optional.of(source), stream.taken());
    }

    /** Attention that drops probabilities, with the random op that stands in it. */
    private static Optional<List<Arg.Ref>> attention(GraphBuilder builder, Node.Call call) {
        OpArgs args = args(call, builder::tensor, builder.shapes());
        return drops(call, args) ? Optional.of(Decompositions.attentionWithDropout().apply(builder, args))
            : Optional.empty();
    }

    private static boolean drops(Node.Call call, OpArgs args) {
        return call.is(Decompositions.ATTENTION) && args.real(4) != 0;
    }

    private static OpArgs args(Node.Call call, Function<Arg.Ref, FakeTensor> tensors, ShapeEnv shapes) {
        return new OpArgs(call.op().schema(), call.args(), tensors, shapes);
    }

    private static RandomStream stream(GraphBuilder builder, Graph graph, Arg.Ref state) {
        return RandomStream.ofState(element(builder, graph, state, 0), element(builder, graph, state, 1));
    }

    /** Under a name that no call which is still to come has. */
    private static Arg.Ref element(GraphBuilder builder, Graph graph, Arg.Ref state, int index) {
        GraphBuilder scratch = new GraphBuilder(graph.shapes().copy());
        scratch.add(builder.node(state));
        Node.Call select = (Node.Call) scratch.node(scratch.call("aten.select.int", state, 0, index));
        String name = unused(index == 0 ? "rng_seed" : "rng_offset", graph::has);
        return builder.add(new Node.Call(name, select.op(), select.args(), select.outputs(), select.meta()));
    }

    private static String unused(String wish, Predicate<String> taken) {
        String name = wish;
        while (taken.test(name)) {
            name += "_";
        }
        return name;
    }

    private static Graph rewrite(Graph graph, RandomStream stream) {
        return GraphRewriter.rewrite(graph, (builder, call) -> Decompositions.random(call.op(), stream).map(d ->
            d.apply(builder, args(call, builder::tensor, builder.shapes()))));
    }
}
