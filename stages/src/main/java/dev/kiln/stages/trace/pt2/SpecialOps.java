package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import java.util.Map;

/** Operators of exports that are another operator in Kiln. */
final class SpecialOps {
    private static final Map<String, Translator> OPS = Map.ofEntries(
        Map.entry("aten._reshape_alias.default", call -> NodeCall.one(call.call("aten.view.default",
            call.tensor("self", 0), call.arg(call.argument("size", 1))))),
        Map.entry("aten.lift_fresh.default", call -> NodeCall.one(call.tensor("self", 0))),
        Map.entry("aten.detach_.default", call -> NodeCall.one(call.tensor("self", 0))),
        Map.entry("aten.dropout.default", SpecialOps::dropout),
        Map.entry("aten.feature_dropout.default", SpecialOps::dropout),
        Map.entry("aten.dropout_.default", SpecialOps::dropout));

    private SpecialOps() {
    }

    static Translator find(String name) {
        return OPS.get(name);
    }

    private static java.util.List<Bound> dropout(NodeCall call) {
        if (!call.arg(call.argument("train", 2)).equals(new Arg.Bool(false))) {
            throw new KilnException.Unsupported("dropout in training is not supported; call eval() before the export");
        }
        return NodeCall.one(call.tensor("input", 0));
    }
}
