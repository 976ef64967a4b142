package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.schema.OpOverload;
import dev.kiln.ops.schema.OpTable;
import dev.kiln.stages.trace.pt2.schema.Argument;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Operators that change their first argument, as in graphs that were exported for training: the functional form is
 * called, and the argument's name stands for the result from then on.
 */
final class InPlaceOps {
    /** They change how a tensor is seen, not what is in it. */
    private static final Set<String> RESHAPING = Set.of("aten.squeeze_", "aten.unsqueeze_", "aten.t_",
        "aten.transpose_", "aten.swapaxes_", "aten.swapdims_");

    private InPlaceOps() {
    }

    static boolean isReshaping(NodeCall call) {
        String name = Targets.name(call.node().target());
        return RESHAPING.contains(name.substring(0, name.lastIndexOf('.')));
    }

    /** The translator of an in-place target ({@code aten.relu_.default}), or null. */
    static Translator find(String target) {
        String[] parts = target.split("\\.");
        boolean python = parts.length == 3 && parts[1].startsWith("__i") && parts[1].endsWith("__");
        if (parts.length != 3 || !parts[0].equals("aten") || !parts[1].endsWith("_")
                || parts[1].endsWith("__") && !python) {
            return null;
        }
        String packet = python ? "__" + parts[1].substring(3) : parts[1].substring(0, parts[1].length() - 1);
        if (packet.equals("copy") || packet.equals("zero") || packet.equals("fill")) {
            return call -> changed(call, overwritten(packet, call));
        }
        Optional<OpOverload> functional = OpTable.find("aten." + packet + "." + parts[2])
            .or(() -> Synonyms.find("aten." + packet + "." + parts[2]));
        return functional.map(op -> (Translator) call -> isReshaping(call) ? AtenCall.translate(op, call)
            : changed(call, AtenCall.translate(op, call)))
            .orElse(null);
    }

    /** The tensor whose memory an in-place call changes. */
    static Optional<String> target(NodeCall call) {
        return call.node().inputs().isEmpty() || !(call.argument(0) instanceof Argument.Tensor(String name))
            ? Optional.empty() : Optional.of(name);
    }

    private static List<Bound> changed(NodeCall call, List<Bound> results) {
        String name = target(call).orElseThrow(() -> new KilnException.BadInput("it changes something that is"
            + " not a tensor"));
        Arg.Ref before = call.scope().tensor(name);
        Arg.Ref after = (Arg.Ref) ((Bound.Plain) results.getFirst()).arg();
        FakeTensor type = call.type(before);
        if (!type.sizes().equals(call.type(after).sizes())) {
            throw new KilnException.BadInput("a result of shape " + call.type(after).sizes()
                + " does not fit into the tensor of shape " + type.sizes() + " that it changes");
        }
        Arg.Ref cast = call.dtype(after) == type.dtype() ? after
            : call.call("aten._to_copy.default", after, type.dtype());
        call.scope().change(name, cast);
        return NodeCall.one(cast);
    }

    private static List<Bound> overwritten(String packet, NodeCall call) {
        FakeTensor self = call.type(call.tensor("self", 0));
        Arg value = switch (packet) {
            case "zero" -> Arg.of(0);
            case "fill" -> call.arg(call.argument("value", 1));
            default -> call.tensor("src", 1);
        };
        if (value instanceof Arg.Ref source) {
            Arg.Ref cast = call.dtype(source) == self.dtype() ? source
                : call.call("aten._to_copy.default", source, self.dtype());
            return NodeCall.one(call.call("aten.expand.default", cast, self.sizes()));
        }
        return NodeCall.one(call.call("aten.full.default", self.sizes(), value, self.dtype()));
    }
}
