package dev.kiln.stages.trace.pt2;

import dev.kiln.stages.trace.pt2.schema.Argument;
import dev.kiln.stages.trace.pt2.schema.ProgramNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Higher-order operators whose sub-graphs can stand in their place, and those that choose between two. */
final class HigherOrderOps {
    /** They run their sub-graph once, under a setting that means nothing to inference or to reuse what was traced. */
    private static final Set<String> ONCE = Set.of("higher_order.wrap_with_set_grad_enabled", "higher_order.wrap",
        "higher_order.invoke_subgraph", "higher_order.tag_activation_checkpoint",
        "higher_order.wrap_activation_checkpoint");

    /** A sub-graph and the arguments it is called with. */
    record Inlined(Argument.SubGraph body, List<ProgramNode.Input> arguments) {
    }

    /** Two sub-graphs, one of which is run on the operands. */
    record Choice(Argument predicate, Argument.SubGraph then, Argument.SubGraph otherwise,
            List<ProgramNode.Input> operands) {
    }

    private HigherOrderOps() {
    }

    /** What to run in the place of the node, if it is such a call. */
    static Optional<Inlined> find(ProgramNode node) {
        String name = Targets.name(node.target());
        boolean known = ONCE.contains(name) || name.equals("higher_order.wrap_with_autocast") && isDisabled(node);
        for (int i = 0; known && i < node.inputs().size(); i++) {
            if (node.inputs().get(i).value() instanceof Argument.SubGraph body) {
                return Optional.of(new Inlined(body, operands(node, i + 1)));
            }
        }
        return Optional.empty();
    }

    /** {@code cond(predicate, then, otherwise, operands)}. */
    static Optional<Choice> choice(ProgramNode node) {
        List<ProgramNode.Input> in = node.inputs();
        return Targets.name(node.target()).equals("higher_order.cond") && in.size() >= 3
            && in.get(1).value() instanceof Argument.SubGraph then
            && in.get(2).value() instanceof Argument.SubGraph otherwise
            ? Optional.of(new Choice(in.get(0).value(), then, otherwise, operands(node, 3))) : Optional.empty();
    }

    /** Autocast: the first flag says whether it is on. */
    private static boolean isDisabled(ProgramNode node) {
        return node.inputs().stream().map(ProgramNode.Input::value).filter(Argument.Bool.class::isInstance).findFirst()
            .filter(new Argument.Bool(false)::equals).isPresent();
    }

    /** The arguments behind the sub-graphs, one an input; lists among them are taken apart, names are left out. */
    private static List<ProgramNode.Input> operands(ProgramNode node, int first) {
        List<ProgramNode.Input> operands = new ArrayList<>();
        for (ProgramNode.Input input : node.inputs().stream().skip(first).toList()) {
            switch (input.value()) {
                case Argument.Tensors(List<String> names) ->
                    names.forEach(n -> operands.add(new ProgramNode.Input("", new Argument.Tensor(n))));
                case Argument.SymInts(List<Argument.SymIntArg> sizes) ->
                    sizes.forEach(s -> operands.add(new ProgramNode.Input("", new Argument.SymInt(s))));
                case Argument.Text t -> { }
                default -> operands.add(input);
            }
        }
        return operands;
    }
}
