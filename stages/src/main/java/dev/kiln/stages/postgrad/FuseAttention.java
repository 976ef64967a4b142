package dev.kiln.stages.postgrad;

import dev.kiln.ops.DType;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.pass.GraphRewriter;
import dev.kiln.stages.pass.GraphState;
import dev.kiln.stages.pass.GraphState.Stage;
import dev.kiln.stages.pass.Pass;
import dev.kiln.stages.pass.PassContext;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Turns {@code softmax(scale * Q K^T + mask) V}, written with matmul and softmax, into scaled-dot-product attention.
 * Intermediate results must have no other use.
 */
final class FuseAttention implements Pass {
    @Override
    public Optional<String> notApplicableTo(GraphState state) {
        return state.mustPrecede(Stage.DECOMPOSED);
    }

    @Override
    public Graph run(Graph graph, PassContext context) {
        Map<String, Integer> uses = new HashMap<>();
        graph.calls().forEach(c -> c.inputs().forEach(r -> uses.merge(r.node(), 1, Integer::sum)));
        graph.outputs().forEach(o -> uses.merge(o.value().node(), 1, Integer::sum));
        return GraphRewriter.rewrite(graph, (builder, call) -> {
            Optional<List<Arg.Ref>> fused = new Matcher(builder, uses).match(call);
            fused.ifPresent(f -> context.decisions().add("post-grad",
                "%" + call.name() + " becomes scaled_dot_product_attention"));
            return fused;
        });
    }

    @Override
    public GraphState after(GraphState state) {
        return state.with(Stage.PATTERNS_MATCHED);
    }

    /** One attempt; what it has found on the way down. */
    private static final class Matcher {
        private final GraphBuilder builder;
        private final Map<String, Integer> uses;
        private double scale = 1;
        private Arg.Ref mask;
        /** Where the fused calls come from, in the graph's order. */
        private final Set<String> sources = new LinkedHashSet<>();

        Matcher(GraphBuilder builder, Map<String, Integer> uses) {
            this.builder = builder;
            this.uses = uses;
        }

        Optional<List<Arg.Ref>> match(Node.Call call) {
            if (!call.is("aten.matmul.default")) {
                return Optional.empty();
            }
            Node.Call softmax = single(call.arg(0), "aten._softmax.default");
            int rank = call.output(0).rank();
            if (softmax == null || rank < 3 || !lastDim(softmax, rank)) {
                return Optional.empty();
            }
            Node.Call scores = descend((Arg.Ref) softmax.arg(0));
            if (scores == null || scores.output(0).rank() != rank) {
                return Optional.empty();
            }
            Arg.Ref query = (Arg.Ref) scores.arg(0);
            Arg.Ref keyTransposed = (Arg.Ref) scores.arg(1);
            Arg.Ref value = (Arg.Ref) call.arg(1);
            sources.addAll(softmax.sources());
            sources.addAll(call.sources());
            builder.from(call.replacementMeta().withSources(List.copyOf(sources)));
            return fits(query, keyTransposed, value, rank)
                ? Optional.of(List.of(build(query, keyTransposed, value, rank))) : Optional.empty();
        }

        private boolean lastDim(Node.Call softmax, int rank) {
            SymInt dim = ((Arg.Int) softmax.arg(1)).value();
            return dim.is(-1) || dim.is(rank - 1);
        }

        /** Walks from the softmax's input down to the matmul of Q and K, through one mask and any scaling. */
        private Node.Call descend(Arg.Ref ref) {
            Node.Call node = single(ref, null);
            if (node == null || node.output(0).dtype() != DType.F32) {
                return null;
            }
            Node.Call found = switch (node.op().name()) {
                case "aten.matmul.default" -> node;
                case "aten.add.Tensor" -> mask == null && scale == 1 ? throughMask(node) : null;
                case "aten.mul.Tensor", "aten.mul.Scalar", "aten.div.Tensor", "aten.div.Scalar" -> throughScale(node);
                default -> null;
            };
            if (found != null) {
                sources.addAll(node.sources());
            }
            return found;
        }

        private Node.Call throughMask(Node.Call add) {
            OptionalDouble alpha = number(add.arg(2));
            if (alpha.isEmpty() || alpha.getAsDouble() != 1) {
                return null;
            }
            double outer = scale;
            for (int side = 0; side < 2; side++) {
                scale = outer;
                Arg.Ref other = (Arg.Ref) add.arg(1 - side);
                mask = other;
                Node.Call found = builder.tensor(other).dtype() == DType.F32 ? descend((Arg.Ref) add.arg(side)) : null;
                boolean stretches = found != null && !found.output(0).sizes().equals(add.output(0).sizes());
                if (found != null && !stretches) {
                    return found;
                }
            }
            mask = null;
            return null;
        }

        private Node.Call throughScale(Node.Call node) {
            OptionalDouble factor = number(node.arg(1));
            if (factor.isEmpty()) {
                return null;
            }
            scale *= node.op().packet().equals("div") ? 1 / factor.getAsDouble() : factor.getAsDouble();
            return descend((Arg.Ref) node.arg(0));
        }

        private OptionalDouble number(Arg arg) {
            return switch (arg) {
                case Arg.Real(double value) -> OptionalDouble.of(value);
                case Arg.Int(SymInt value) when value.isConstant() -> OptionalDouble.of(value.asLong());
                case Arg.Ref ref when builder.node(ref) instanceof Node.Constant c && c.value().numel() == 1 ->
                    OptionalDouble.of(c.value().doubleAt(0));
                default -> OptionalDouble.empty();
            };
        }

        private boolean fits(Arg.Ref query, Arg.Ref keyTransposed, Arg.Ref value, int rank) {
            FakeTensor q = builder.tensor(query);
            FakeTensor k = builder.tensor(keyTransposed);
            FakeTensor v = builder.tensor(value);
            boolean ranks = q.rank() == rank && k.rank() == rank && v.rank() == rank && q.dtype() == DType.F32;
            return ranks && q.sizes().subList(0, rank - 2).equals(k.sizes().subList(0, rank - 2))
                && q.sizes().subList(0, rank - 2).equals(v.sizes().subList(0, rank - 2))
                && q.size(rank - 1).isConstant() && v.size(rank - 1).isConstant()
                && (mask == null || builder.tensor(mask).rank() <= rank);
        }

        private Arg.Ref build(Arg.Ref query, Arg.Ref keyTransposed, Arg.Ref value, int rank) {
            Arg.Ref key = builder.call("aten.transpose.int", keyTransposed, -2, -1);
            return builder.call("aten.scaled_dot_product_attention.default", query, key, value, mask, 0.0, false,
                scale, false);
        }

        /** The call behind a reference, if it is of that overload and has no other use. */
        private Node.Call single(Arg arg, String overload) {
            boolean call = arg instanceof Arg.Ref ref && uses.getOrDefault(ref.node(), 0) <= 1
                && builder.node(ref) instanceof Node.Call;
            if (!call) {
                return null;
            }
            Node.Call found = (Node.Call) builder.node((Arg.Ref) arg);
            return overload == null || found.is(overload) ? found : null;
        }
    }
}
