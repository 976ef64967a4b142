package dev.kiln.ops.decompose;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.schema.OpArgs;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A call decomposed into a graph of its own.
 *
 * @param builder holds a placeholder for each tensor argument, and the simpler calls
 * @param sources the placeholders' source names, by the call's references
 * @param results one reference an output of the call
 */
public record Expansion(GraphBuilder builder, Map<Arg.Ref, String> sources, List<Arg.Ref> results) {

    public static Expansion of(Decomposition decomposition, OpArgs args) {
        GraphBuilder g = new GraphBuilder(args.shapes());
        Map<Arg.Ref, Arg.Ref> inner = new LinkedHashMap<>();
        Map<Arg.Ref, String> sources = new LinkedHashMap<>();
        List<Arg> mapped = args.values().stream().map(arg -> arg.mapReferences(ref -> {
            String source = sources.computeIfAbsent(ref, r -> "in" + sources.size());
            return inner.computeIfAbsent(ref, r -> g.placeholder(source, args.tensors().apply(r)));
        })).toList();
        OpArgs own = new OpArgs(args.schema(), mapped, g::tensor, g.shapes());
        return new Expansion(g, sources, decomposition.apply(g, own));
    }

    public List<FakeTensor> outputs() {
        return results.stream().map(builder::tensor).toList();
    }
}
