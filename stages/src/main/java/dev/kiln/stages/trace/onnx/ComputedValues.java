package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.ops.shape.SymInt;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a tensor of the growing graph is if all that it is computed from is constant, or assumed by the user:
 * worked out when the importer must know it (a trip count, a shape).
 */
final class ComputedValues {
    /** More elements than this are data; evaluating them while importing would be slow. */
    private static final long LIMIT = 1 << 16;

    private final GraphBuilder builder;
    private final Map<String, ConstantValue> assumed;
    private final Map<String, Optional<List<ConstantValue>>> known = new HashMap<>();

    /** @param assumed by the source name of placeholders */
    ComputedValues(GraphBuilder builder, Map<String, ConstantValue> assumed) {
        this.builder = builder;
        this.assumed = assumed;
    }

    Optional<ConstantValue> of(Arg.Ref ref) {
        List<String> pending = new ArrayList<>(List.of(ref.node()));
        while (!pending.isEmpty()) {
            String name = pending.getLast();
            int before = pending.size();
            if (!known.containsKey(name) && builder.node(Arg.ref(name)) instanceof Node.Call call) {
                call.inputs().stream().map(Arg.Ref::node).filter(n -> !known.containsKey(n)).forEach(pending::add);
            }
            if (pending.size() == before) {
                known.computeIfAbsent(pending.removeLast(), n -> evaluate(builder.node(Arg.ref(n))));
            }
        }
        return known.get(ref.node()).map(outputs -> outputs.get(ref.output()));
    }

    private Optional<List<ConstantValue>> evaluate(Node node) {
        return switch (node) {
            case Node.Placeholder p -> Optional.ofNullable(assumed.get(p.source())).map(List::of);
            case Node.Constant c -> Optional.of(List.of(c.value()));
            case Node.Call call -> evaluate(call);
        };
    }

    private Optional<List<ConstantValue>> evaluate(Node.Call call) {
        boolean fixed = call.outputs().stream().allMatch(t -> t.numel().isConstant() && t.numel().asLong() <= LIMIT)
            && call.args().stream().allMatch(ComputedValues::isConstant);
        List<ConstantValue> inputs = new ArrayList<>();
        for (Arg.Ref input : call.inputs()) {
            Optional<List<ConstantValue>> value = known.get(input.node());
            fixed &= value.isPresent();
            value.ifPresent(v -> inputs.add(v.get(input.output())));
        }
        return fixed ? Optional.of(Interpreter.evaluate(call, inputs)) : Optional.empty();
    }

    private static boolean isConstant(Arg arg) {
        return switch (arg) {
            case Arg.Int(SymInt value) -> value.isConstant();
            case Arg.Ints(List<SymInt> values) -> values.stream().allMatch(SymInt::isConstant);
            default -> true;
        };
    }
}
