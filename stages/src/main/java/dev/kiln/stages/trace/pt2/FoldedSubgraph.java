package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.interpreter.Interpreter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The value of what is computed from constants alone. */
final class FoldedSubgraph {
    private FoldedSubgraph() {
    }

    static Optional<ConstantValue> value(GraphBuilder builder, Arg.Ref ref) {
        return switch (builder.node(ref)) {
            case Node.Constant constant -> Optional.of(constant.value());
            case Node.Placeholder ignored -> Optional.empty();
            case Node.Call call -> {
                List<ConstantValue> inputs = new ArrayList<>();
                for (Arg.Ref input : call.inputs()) {
                    value(builder, input).ifPresent(inputs::add);
                }
                yield inputs.size() < call.inputs().size() ? Optional.empty()
                    : Optional.of(Interpreter.evaluate(call, inputs).get(ref.output()));
            }
        };
    }
}
