package dev.kiln.stages.trace.pt2;

import dev.kiln.stages.trace.pt2.schema.Argument;
import dev.kiln.stages.trace.pt2.schema.ProgramNode;
import java.util.List;
import java.util.Optional;

/** Higher-order operators that only run a sub-graph under a setting that means nothing to inference. */
final class HigherOrderOps {
    /** A sub-graph and the arguments it is called with. */
    record Inlined(Argument.SubGraph body, List<ProgramNode.Input> arguments) {
    }

    private HigherOrderOps() {
    }

    /** What to run in the place of the node, if it is such a call. */
    static Optional<Inlined> find(ProgramNode node) {
        String name = Targets.name(node.target());
        boolean disabled = node.inputs().stream().anyMatch(i -> i.value().equals(new Argument.Bool(false)));
        boolean known = name.equals("higher_order.wrap_with_set_grad_enabled")
            || name.equals("higher_order.wrap_with_autocast") && disabled;
        for (int i = 0; known && i < node.inputs().size(); i++) {
            if (node.inputs().get(i).value() instanceof Argument.SubGraph body) {
                return Optional.of(new Inlined(body, node.inputs().subList(i + 1, node.inputs().size())));
            }
        }
        return Optional.empty();
    }
}
