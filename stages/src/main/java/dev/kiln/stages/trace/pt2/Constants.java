package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.stages.trace.pt2.archive.StoredTensor;
import dev.kiln.stages.trace.pt2.archive.TorchTypes;
import dev.kiln.stages.trace.pt2.archive.Weights;
import dev.kiln.stages.trace.pt2.schema.InputSpec;
import dev.kiln.stages.trace.pt2.schema.SizeExpr;
import dev.kiln.stages.trace.pt2.schema.TensorMeta;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The graph's weights: a constant for each when it is first read, one for all names of the same view. */
final class Constants {
    private final GraphBuilder builder;
    private final Weights weights;
    private final Map<String, TensorMeta> metas;
    private final Map<StoredTensor.View, Arg.Ref> refs = new HashMap<>();

    Constants(GraphBuilder builder, Weights weights, Map<String, TensorMeta> metas) {
        this.builder = builder;
        this.weights = weights;
        this.metas = metas;
    }

    /** The constant that an input of the graph stands for. */
    Arg.Ref constant(InputSpec spec) {
        return switch (spec) {
            case InputSpec.Parameter(String input, String name) ->
                constant(input, name, "parameter '" + name + "'", true);
            case InputSpec.Buffer(String input, String name, boolean persistent) ->
                constant(input, name, "buffer '" + name + "'", persistent);
            case InputSpec.TensorConstant(String input, String name) ->
                constant(input, name, "constant '" + name + "'", false);
            case InputSpec.User u -> throw new IllegalArgumentException("not a constant: " + u);
            case InputSpec.Constant c -> throw new IllegalArgumentException("not a tensor: " + c);
            case InputSpec.Foreign(String kind, String name) -> throw new KilnException.Unsupported("input '" + name
                + "' is a " + kind);
        };
    }

    private Arg.Ref constant(String input, String name, String what, boolean weight) {
        StoredTensor tensor = (weight ? weights.weight(name) : weights.constant(name)).orElseThrow(
            () -> new KilnException.BadInput(what + " is not in the archive"));
        requireAsDeclared(what, tensor, metas.get(input));
        Arg.Ref known = refs.get(tensor.view());
        if (known == null) {
            known = builder.constant(name, tensor.value(what));
            refs.put(tensor.view(), known);
        }
        return known;
    }

    private static void requireAsDeclared(String what, StoredTensor tensor, TensorMeta meta) {
        if (meta == null) {
            return;
        }
        List<Long> sizes = meta.sizes().stream().map(s -> s instanceof SizeExpr.Known(long size) ? size : -1L).toList();
        if (TorchTypes.numbered(what, meta.dtype()) != tensor.dtype() || !sizes.equals(tensor.sizes())) {
            throw new KilnException.BadInput(what + " is stored as " + tensor.dtype() + tensor.sizes()
                + ", the graph declares " + TorchTypes.numbered(what, meta.dtype()) + sizes);
        }
    }
}
