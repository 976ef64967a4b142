package dev.kiln.stages.trace.onnx;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.stages.trace.onnx.OnnxOps.Registry;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Branches. One that the importer can decide leaves the branch taken; else both are computed and one is selected. */
final class ControlImports {
    private ControlImports() {
    }

    static void register(Registry r) {
        r.op("If", ControlImports::branch);
        r.op("Loop", n -> new LoopImport(n).translate());
        r.op("Scan", n -> new ScanImport(n).translate());
    }

    private static List<Value> branch(NodeImport n) {
        Optional<ConstantValue> condition = n.constant(0);
        if (condition.isPresent()) {
            boolean taken = condition.get().longAt(0) != 0;
            return new Subgraph(n, taken ? "then_branch" : "else_branch").place(List.of());
        }
        List<Value> yes = new Subgraph(n, "then_branch").place(List.of());
        List<Value> no = new Subgraph(n, "else_branch").place(List.of());
        Arg.Ref taken = scalar(n, n.tensor(0));
        List<Value> selected = new ArrayList<>();
        for (int i = 0; i < Math.min(yes.size(), no.size()); i++) {
            selected.add(select(n, taken, yes.get(i), no.get(i), "the branches of a condition that depends on data"));
        }
        return selected;
    }

    /** A condition may have one dimension of one element. */
    static Arg.Ref scalar(NodeImport n, Arg.Ref condition) {
        return n.reshape(condition, List.of());
    }

    /** One of two values of the same shape and type, chosen when the code runs. */
    static Value select(NodeImport n, Arg.Ref condition, Value yes, Value no, String what) {
        if (yes == no) {
            return yes;
        }
        Arg.Ref a = n.context().values().tensor(yes);
        Arg.Ref b = n.context().values().tensor(no);
        if (n.dtype(a) != n.dtype(b) || !n.type(a).sizes().equals(n.type(b).sizes())) {
            throw new KilnException.Unsupported(what + " give " + n.type(a) + " and " + n.type(b)
                + "; only equal shapes are supported");
        }
        return new Value.Tensor(n.call("aten.where.self", condition, a, b));
    }
}
