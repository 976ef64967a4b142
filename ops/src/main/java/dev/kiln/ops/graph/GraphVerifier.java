package dev.kiln.ops.graph;

import dev.kiln.ops.schema.OpTable;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Checks what every graph must satisfy: names defined before use, complete arguments, outputs as the op infers. */
public final class GraphVerifier {
    private GraphVerifier() {
    }

    /** Throws an {@link IllegalStateException} that names the first bad node and {@code when} it was found. */
    public static void verify(Graph graph, String when) {
        Set<String> defined = new HashSet<>();
        for (Node node : graph.nodes()) {
            if (node instanceof Node.Call call) {
                verify(graph, call, defined, when);
            }
            defined.add(node.name());
        }
        for (Graph.Output output : graph.outputs()) {
            requireDefined(graph, output.value(), defined, "output " + output.name(), when);
        }
    }

    private static void verify(Graph graph, Node.Call call, Set<String> defined, String when) {
        for (Arg.Ref ref : call.inputs()) {
            requireDefined(graph, ref, defined, "%" + call.name(), when);
        }
        if (OpTable.find(call.op().name()).isEmpty()) {
            throw error(when, "%" + call.name() + " calls unknown " + call.op());
        }
        List<Arg> complete = call.op().schema().complete(call.args());
        if (!complete.equals(call.args())) {
            throw error(when, "%" + call.name() + " has incomplete arguments " + call.args());
        }
        Set<String> bound = BoundSymbols.of(call, graph::tensor, graph.shapes());
        List<FakeTensor> inferred = graph.shapes().rebinding(bound,
            () -> call.op().infer(graph::tensor, graph.shapes(), call.args()));
        if (!sameShapes(inferred, call.outputs(), graph)) {
            throw error(when, "%" + call.name() + " gives " + inferred + ", but says " + call.outputs());
        }
    }

    private static boolean sameShapes(List<FakeTensor> inferred, List<FakeTensor> said, Graph graph) {
        if (inferred.size() != said.size()) {
            return false;
        }
        for (int i = 0; i < said.size(); i++) {
            FakeTensor a = inferred.get(i);
            FakeTensor b = said.get(i);
            if (a.dtype() != b.dtype() || a.rank() != b.rank()) {
                return false;
            }
            for (int d = 0; d < a.rank(); d++) {
                if (!graph.shapes().provablyEqual(a.size(d), b.size(d))) {
                    return false;
                }
            }
        }
        return true;
    }

    private static void requireDefined(Graph graph, Arg.Ref ref, Set<String> defined, String user, String when) {
        if (!defined.contains(ref.node())) {
            throw error(when, user + " reads " + ref + ", which is not defined before it");
        }
        if (ref.output() >= graph.node(ref.node()).outputs().size()) {
            throw error(when, user + " reads " + ref + ", but that node has fewer outputs");
        }
    }

    private static IllegalStateException error(String when, String what) {
        return new IllegalStateException("bad graph " + when + ": " + what);
    }
}
