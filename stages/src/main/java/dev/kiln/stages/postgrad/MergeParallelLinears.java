package dev.kiln.stages.postgrad;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.graph.NodeMeta;
import dev.kiln.stages.pass.GraphRewriter;
import dev.kiln.stages.pass.GraphState;
import dev.kiln.stages.pass.GraphState.Stage;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Linears that read the same input ({@code x W_i + b_i} with constant W_i and b_i: query, key and value) become one
 * product with the weights side by side, and slices of it.
 */
final class MergeParallelLinears implements Pass {

    /** {@code sum = product + bias}, all of [K, N] and [N]. */
    private record Linear(Node.Call product, Node.Call sum, Node.Constant weight, Node.Constant bias) {
        long width() {
            return weight.value().sizes().getLast();
        }
    }

    @Override
    public Optional<String> notApplicableTo(GraphState state) {
        return state.mustPrecede(Stage.DECOMPOSED);
    }

    @Override
    public Graph run(Graph graph, PassContext context) {
        Map<String, List<Linear>> groups = groupsBySum(graph);
        Map<String, Arg.Ref> slices = new HashMap<>();
        return GraphRewriter.rewrite(graph, (builder, call) -> {
            List<Linear> group = groups.get(call.name());
            if (group == null) {
                return Optional.empty();
            }
            if (!slices.containsKey(call.name())) {
                Node.Call product = (Node.Call) builder.node(productOf(builder, call));
                merge(builder, group, (Arg.Ref) product.arg(0), slices);
                context.decisions().add("post-grad", group.size() + " linears of " + product.arg(0) + " merged into one");
            }
            return Optional.of(List.of(slices.get(call.name())));
        });
    }

    /** For each sum of a mergeable linear, all linears of its group. */
    private static Map<String, List<Linear>> groupsBySum(Graph graph) {
        Map<String, List<Node.Call>> users = graph.users();
        Map<Arg, List<Linear>> byInput = new LinkedHashMap<>();
        for (Node.Call sum : graph.calls()) {
            match(graph, users, sum).ifPresent(linear -> {
                Node.Call product = (Node.Call) graph.node(productOf(graph, sum).node());
                byInput.computeIfAbsent(product.arg(0), a -> new ArrayList<>()).add(linear);
            });
        }
        Map<String, List<Linear>> bySum = new HashMap<>();
        byInput.values().stream().filter(g -> g.size() > 1)
            .forEach(g -> g.forEach(l -> bySum.put(l.sum().name(), g)));
        return bySum;
    }

    private static Optional<Linear> match(Graph graph, Map<String, List<Node.Call>> users, Node.Call sum) {
        if (!sum.is("aten.add.Tensor") || !isOne(sum.arg(2)) || productOf(graph, sum) == null) {
            return Optional.empty();
        }
        Arg.Ref productRef = productOf(graph, sum);
        Arg.Ref biasRef = (Arg.Ref) (sum.arg(0).equals(productRef) ? sum.arg(1) : sum.arg(0));
        Node.Call product = (Node.Call) graph.node(productRef.node());
        boolean private_ = users.get(product.name()).size() == 1
            && graph.outputs().stream().noneMatch(o -> o.value().equals(productRef));
        if (!private_ || !(graph.node(biasRef.node()) instanceof Node.Constant bias)
            || !(product.arg(1) instanceof Arg.Ref w && graph.node(w.node()) instanceof Node.Constant weight)) {
            return Optional.empty();
        }
        boolean fits = weight.value().sizes().size() == 2 && weight.value().numel() > 0
            && bias.value().sizes().equals(List.of(weight.value().sizes().getLast()))
            && bias.value().dtype() == weight.value().dtype();
        return fits ? Optional.of(new Linear(product, sum, weight, bias)) : Optional.empty();
    }

    private static boolean isOne(Arg alpha) {
        return alpha.equals(Arg.of(1)) || alpha.equals(new Arg.Real(1));
    }

    private static Arg.Ref productOf(Graph graph, Node.Call sum) {
        for (Arg.Ref ref : sum.inputs()) {
            if (graph.node(ref.node()) instanceof Node.Call call && call.is("aten.matmul.default")) {
                return ref;
            }
        }
        return null;
    }

    private static Arg.Ref productOf(GraphBuilder builder, Node.Call sum) {
        return sum.inputs().stream()
            .filter(r -> builder.node(r) instanceof Node.Call call && call.is("aten.matmul.default"))
            .findFirst().orElseThrow();
    }

    private static void merge(GraphBuilder builder, List<Linear> group, Arg.Ref input, Map<String, Arg.Ref> slices) {
        String name = group.getFirst().weight().name();
        builder.from(NodeMeta.of(group.stream().flatMap(l -> Stream.of(l.product(), l.sum()))
            .flatMap(c -> c.sources().stream()).distinct().toList())
            .withLowPrecisionBarrier(group.getFirst().sum().meta().lowPrecisionBarrier()));
        Arg.Ref weight = builder.constant(name + "_merged",
            sideBySide(group.stream().map(l -> l.weight().value()).toList()));
        Arg.Ref bias = builder.constant(name + "_bias_merged",
            sideBySide(group.stream().map(l -> l.bias().value()).toList()));
        Arg.Ref merged = builder.call("aten.add.Tensor", builder.call("aten.matmul.default", input, weight), bias);
        long start = 0;
        for (Linear linear : group) {
            slices.put(linear.sum().name(),
                builder.call("aten.slice.Tensor", merged, -1, start, start + linear.width(), 1));
            start += linear.width();
        }
    }

    /** Concatenates along the last dimension. */
    private static ConstantValue sideBySide(List<ConstantValue> parts) {
        List<Long> sizes = new ArrayList<>(parts.getFirst().sizes());
        long width = parts.stream().mapToLong(p -> p.sizes().getLast()).sum();
        sizes.set(sizes.size() - 1, width);
        ConstantValue merged = ConstantValue.allocate(parts.getFirst().dtype(), sizes);
        int bytes = merged.dtype().bytes();
        long rows = merged.numel() / width;
        long column = 0;
        for (ConstantValue part : parts) {
            long own = part.sizes().getLast();
            for (long row = 0; row < rows; row++) {
                MemorySegment.copy(part.data(), row * own * bytes, merged.data(), (row * width + column) * bytes,
                    own * bytes);
            }
            column += own;
        }
        return merged;
    }
}
