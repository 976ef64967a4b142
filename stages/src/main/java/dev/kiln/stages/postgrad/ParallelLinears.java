package dev.kiln.stages.postgrad;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.LowPrecisionProducts;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Products of one input with constant weights, and what follows each of them: the same calls, step by step, whose operands
 * are either the same for all or can lie side by side as the columns do.
 *
 * @param members the calls of each linear, the product first
 * @param steps   these calls for all linears at once
 * @param widths  columns of each linear
 */
record ParallelLinears(List<List<Node.Call>> members, List<Step> steps, List<Long> widths) {
    private static final Set<String> POINTWISE = Set.of("aten.add.Tensor", "aten.sub.Tensor", "aten.mul.Tensor",
        "aten.mul.Scalar", "aten._to_copy.default");
    private static final Set<String> VIEWS = Set.of("aten.view.default", "aten.reshape.default");
    private static final Set<String> COMMUTATIVE = Set.of("aten.add.Tensor", "aten.mul.Tensor");

    /** An argument of a step. */
    sealed interface Operand {
        /** The value of the step before. */
        record Before() implements Operand {
        }

        /** One tensor for all, without columns. */
        record Shared(Arg.Ref ref) implements Operand {
        }

        /** A constant of each. */
        record Columns(List<Node.Constant> parts) implements Operand {
        }

        /** A tensor of each, computed alike. */
        record Computed(Step step) implements Operand {
        }

        /** What is no tensor. */
        record Setting(Arg arg) implements Operand {
        }
    }

    record Step(OpOverload op, List<Operand> operands) {
    }

    private record Start(OpOverload op, Arg input, DType weight) {
    }

    /** What can be merged. */
    static List<ParallelLinears> find(Graph graph) {
        Map<String, List<Node.Call>> users = graph.users();
        Map<Start, List<Node.Call>> byInput = new LinkedHashMap<>();
        for (Node.Call call : graph.calls()) {
            if (isProduct(graph, call) && onlyUser(graph, users, call).filter(u -> isInteger(call)
                    || isBias(graph, call, u)).isPresent()) {
                byInput.computeIfAbsent(new Start(call.op(), call.arg(0), weight(graph, call).value().dtype()), s -> new ArrayList<>()).add(call);
            }
        }
        return byInput.values().stream().filter(g -> g.size() > 1).map(g -> new Search(graph, users, g).run())
            .flatMap(Optional::stream).toList();
    }

    private static boolean isInteger(Node.Call product) {
        return product.is(LowPrecisionProducts.INT_MM);
    }

    private static boolean isProduct(Graph graph, Node.Call call) {
        return (call.is("aten.matmul.default") || isInteger(call)) && call.arg(1) instanceof Arg.Ref w
            && graph.node(w.node()) instanceof Node.Constant weight && weight.value().sizes().size() == 2
            && weight.value().numel() > 0;
    }

    private static Node.Constant weight(Graph graph, Node.Call product) {
        return (Node.Constant) graph.node(((Arg.Ref) product.arg(1)).node());
    }

    private static Optional<Node.Call> onlyUser(Graph graph, Map<String, List<Node.Call>> users, Node.Call call) {
        List<Node.Call> all = users.get(call.name());
        boolean isOutput = graph.outputs().stream().anyMatch(o -> o.value().node().equals(call.name()));
        return all == null || all.size() != 1 || isOutput ? Optional.empty() : Optional.of(all.getFirst());
    }

    /** Whether a call adds a constant bias of the weight's type to a product. */
    private static boolean isBias(Graph graph, Node.Call product, Node.Call sum) {
        Node.Constant weight = weight(graph, product);
        return sum.is("aten.add.Tensor") && isOne(sum.arg(2)) && sum.inputs().stream().anyMatch(r ->
            graph.node(r.node()) instanceof Node.Constant bias && bias.value().dtype() == weight.value().dtype()
                && bias.value().sizes().equals(List.of(weight.value().sizes().getLast())));
    }

    private static boolean isOne(Arg alpha) {
        return alpha.equals(Arg.of(1)) || alpha.equals(new Arg.Real(1));
    }

    /** Follows linears of one input as long as they go in step. */
    private record Search(Graph graph, Map<String, List<Node.Call>> users, List<Node.Call> products) {

        Optional<ParallelLinears> run() {
            List<Long> widths = products.stream().map(p -> weight(graph, p).value().sizes().getLast()).toList();
            List<List<Node.Call>> rows = new ArrayList<>(List.of(products));
            List<Step> steps = new ArrayList<>(List.of(new Step(products.getFirst().op(), List.of(
                new Operand.Shared((Arg.Ref) products.getFirst().arg(0)),
                new Operand.Columns(products.stream().map(p -> weight(graph, p)).toList())))));
            int most = isInteger(products.getFirst()) ? Integer.MAX_VALUE : 2;
            while (steps.size() < most) {
                List<Node.Call> next = rows.getLast().stream().map(c -> onlyUser(graph, users, c))
                    .flatMap(Optional::stream).toList();
                Optional<Step> step = next.size() < widths.size() ? Optional.empty() : step(rows.getLast(), next, widths);
                if (step.isEmpty()) {
                    break;
                }
                rows.add(next);
                steps.add(step.get());
            }
            return steps.size() == 1 ? Optional.empty() : Optional.of(new ParallelLinears(IntStream.range(0, widths.size())
                .mapToObj(i -> rows.stream().map(r -> r.get(i)).toList()).toList(), steps, widths));
        }

        private Optional<Step> step(List<Node.Call> before, List<Node.Call> next, List<Long> widths) {
            boolean keepsColumns = IntStream.range(0, widths.size()).allMatch(i ->
                isLast(next.get(i).output(0), widths.get(i)));
            boolean view = VIEWS.contains(next.getFirst().op().name());
            if (!keepsColumns || !view && !POINTWISE.contains(next.getFirst().op().name())) {
                return Optional.empty();
            }
            return alike(next, before.stream().map(c -> Arg.ref(c.name())).toList(), widths, view);
        }

        private static boolean isLast(FakeTensor tensor, long width) {
            return tensor.rank() > 0 && tensor.sizes().getLast().is(width);
        }

        private Optional<Step> alike(List<Node.Call> calls, List<Arg.Ref> before, List<Long> widths, boolean view) {
            Node.Call first = calls.getFirst();
            if (calls.stream().anyMatch(c -> !c.op().equals(first.op()) || c.args().size() != first.args().size())) {
                return Optional.empty();
            }
            List<Operand> operands = new ArrayList<>();
            for (int k = 0; k < first.args().size(); k++) {
                List<Arg> args = new ArrayList<>();
                for (int i = 0; i < calls.size(); i++) {
                    args.add(ordered(calls.get(i), before.isEmpty() ? null : before.get(i)).get(k));
                }
                Optional<Operand> operand = view && k == 1 ? size(args, widths) : operand(args, before, widths);
                if (operand.isEmpty()) {
                    return Optional.empty();
                }
                operands.add(operand.get());
            }
            return Optional.of(new Step(first.op(), operands));
        }

        /** Arguments with the value of the step before in front where order does not matter. */
        private static List<Arg> ordered(Node.Call call, Arg.Ref before) {
            List<Arg> args = new ArrayList<>(call.args());
            boolean swap = before != null && COMMUTATIVE.contains(call.op().name()) && args.get(1).equals(before)
                && (args.size() < 3 || isOne(args.get(2)));
            if (swap) {
                args.set(1, args.getFirst());
                args.set(0, before);
            }
            return args;
        }

        private Optional<Operand> operand(List<Arg> args, List<Arg.Ref> before, List<Long> widths) {
            if (args.equals(before)) {
                return Optional.of(new Operand.Before());
            }
            boolean same = args.stream().allMatch(args.getFirst()::equals);
            if (args.stream().allMatch(Arg.Ref.class::isInstance)) {
                return same && hasNoColumns(graph.tensor((Arg.Ref) args.getFirst()))
                    ? Optional.of(new Operand.Shared((Arg.Ref) args.getFirst()))
                    : tensors(args.stream().map(a -> graph.node(((Arg.Ref) a).node())).toList(), widths);
            }
            return same && args.getFirst().references().isEmpty() ? Optional.of(new Operand.Setting(args.getFirst()))
                : Optional.empty();
        }

        private static boolean hasNoColumns(FakeTensor tensor) {
            return tensor.rank() == 0 || tensor.sizes().getLast().is(1);
        }

        private Optional<Operand> tensors(List<Node> nodes, List<Long> widths) {
            if (nodes.stream().allMatch(Node.Constant.class::isInstance)) {
                List<Node.Constant> parts = nodes.stream().map(Node.Constant.class::cast).toList();
                return IntStream.range(0, parts.size()).allMatch(i -> isColumns(parts.get(i), parts.getFirst(), widths.get(i)))
                    ? Optional.of(new Operand.Columns(parts)) : Optional.empty();
            }
            return nodes.stream().allMatch(n -> n instanceof Node.Call call && POINTWISE.contains(call.op().name()))
                ? alike(nodes.stream().map(Node.Call.class::cast).toList(), List.of(), widths, false)
                    .map(Operand.Computed::new) : Optional.empty();
        }

        private static boolean isColumns(Node.Constant part, Node.Constant first, long width) {
            List<Long> sizes = part.value().sizes();
            return part.value().dtype() == first.value().dtype() && sizes.size() <= 1
                && (part.value().numel() == 1 || part.value().numel() == width);
        }

        /** The size of a view with the columns of all. */
        private static Optional<Operand> size(List<Arg> args, List<Long> widths) {
            List<List<SymInt>> sizes = args.stream().map(a -> a instanceof Arg.Ints ints ? ints.values() : List.<SymInt>of())
                .toList();
            boolean fits = IntStream.range(0, sizes.size()).allMatch(i -> !sizes.get(i).isEmpty()
                && sizes.get(i).getLast().is(widths.get(i)) && rows(sizes.get(i)).equals(rows(sizes.getFirst())));
            if (!fits) {
                return Optional.empty();
            }
            List<SymInt> all = new ArrayList<>(rows(sizes.getFirst()));
            all.add(SymInt.of(widths.stream().mapToLong(Long::longValue).sum()));
            return Optional.of(new Operand.Setting(new Arg.Ints(all)));
        }

        private static List<SymInt> rows(List<SymInt> sizes) {
            return sizes.subList(0, sizes.size() - 1);
        }
    }
}
