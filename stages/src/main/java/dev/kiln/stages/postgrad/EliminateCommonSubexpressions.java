package dev.kiln.stages.postgrad;

import dev.kiln.ops.decompose.Decompositions;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.stages.pass.GraphRewriter;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Computes equal calls once. Every op but the random ones is functional and deterministic, so equal arguments give equal
 * results, as long as they are rounded at the same places. What is computed again on purpose, and calls that give sizes
 * of their own (unbacked symbols) stay apart, since both symbols may be used.
 */
public final class EliminateCommonSubexpressions implements Pass {
    private record Computation(OpOverload op, List<Arg> args, List<FakeTensor> outputs, boolean barrier,
            int repetition) {
    }

    @Override
    public Graph run(Graph graph, PassContext context) {
        return run(graph);
    }

    public static Graph run(Graph graph) {
        Map<Computation, List<Arg.Ref>> seen = new HashMap<>();
        return GraphRewriter.rewrite(graph, (builder, call) -> {
            if (Decompositions.isRandom(call.op())) {
                return Optional.empty();
            }
            Computation computation = new Computation(call.op(), call.args(), call.outputs(),
                call.meta().lowPrecisionBarrier(), call.meta().repetition());
            List<Arg.Ref> earlier = seen.get(computation);
            if (earlier == null) {
                seen.put(computation, IntStream.range(0, call.outputs().size())
                    .mapToObj(i -> new Arg.Ref(call.name(), i)).toList());
            }
            return Optional.ofNullable(earlier);
        });
    }
}
