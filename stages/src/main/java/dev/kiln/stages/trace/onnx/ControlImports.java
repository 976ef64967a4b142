package dev.kiln.stages.trace.onnx;

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
        r.op("Loop", ControlImports::loop);
        r.op("Scan", n -> new ScanImport(n).translate());
    }

    private static List<Value> loop(NodeImport n) {
        return BagLoop.translate(n).orElseGet(() -> new LoopImport(n).translate());
    }

    private static List<Value> branch(NodeImport n) {
        Optional<ConstantValue> condition = n.constant(0);
        if (condition.isPresent()) {
            boolean taken = condition.get().longAt(0) != 0;
            return new Subgraph(n, taken ? "then_branch" : "else_branch").place(List.of());
        }
        Optional<List<Value>> unsqueezed = SqueezeBranch.translate(n);
        if (unsqueezed.isPresent()) {
            return unsqueezed.get();
        }
        List<Value> yes = new Subgraph(n, "then_branch").place(List.of());
        List<Value> no = new Subgraph(n, "else_branch").place(List.of());
        Branches branches = new Branches(n, scalar(n, n.tensor(0)));
        List<Value> selected = new ArrayList<>();
        for (int i = 0; i < Math.min(yes.size(), no.size()); i++) {
            selected.add(branches.select(yes.get(i), no.get(i), "the branches of a condition that depends on data"));
        }
        return selected;
    }

    /** A condition may have one dimension of one element. */
    static Arg.Ref scalar(NodeImport n, Arg.Ref condition) {
        return n.reshape(condition, List.of());
    }
}
