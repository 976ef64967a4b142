package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.DType;
import dev.kiln.ops.aten.DataSizeOps;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.pt2.schema.SizeExpr;
import java.util.List;
import java.util.Set;

/** Numbers that come from data: {@code x.item()}, and inputs of the model that are integers. */
final class DataNumbers {
    private static final Set<String> ITEMS = Set.of("aten.item.default", "aten._local_scalar_dense.default");

    private DataNumbers() {
    }

    static Translator find(String name) {
        return ITEMS.contains(name) ? DataNumbers::item : null;
    }

    /** An integer is a symbol; any other number stays a tensor of rank 0, which promotes types as a number does. */
    private static List<Bound> item(NodeCall call) {
        Arg.Ref self = call.tensor("self", 0);
        DType dtype = call.dtype(self);
        if (dtype.isFloating() || dtype == DType.BOOL) {
            return NodeCall.one(call.call("aten.reshape.default", self, List.<SymInt>of()));
        }
        String name = GraphTranslator.names(call.node().outputs()).stream().findFirst().orElse("");
        return NodeCall.one(bind(call, self, name));
    }

    /** The symbol whose value an integer tensor is; {@code name} is what the file calls the number. */
    static Arg bind(NodeCall call, Arg.Ref self, String name) {
        SizeExpr declared = call.scope().graph().symInts().get(name);
        SymInt symbol = call.symbols().fromData(declared);
        call.call(DataSizeOps.BIND_SIZE, self, symbol);
        call.symbols().requireAs(declared, symbol);
        return new Arg.Int(symbol);
    }
}
