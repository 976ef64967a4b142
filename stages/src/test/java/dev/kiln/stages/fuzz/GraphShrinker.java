package dev.kiln.stages.fuzz;

import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.ConstantValue;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.Graph;
import dev.kiln.ops.graph.Node;
import dev.kiln.ops.interpreter.Interpreter;
import dev.kiln.stages.codegen.GraphRunner.Program;
import dev.kiln.stages.postgrad.EliminateDeadCode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/** Makes a failing graph small: fewer outputs, and inputs in place of calls, as long as it still fails. */
final class GraphShrinker {
    /** For each program whether it fails; many at once, since they are compiled together. */
    private final Function<List<Program>, List<Boolean>> fails;

    GraphShrinker(Function<List<Program>, List<Boolean>> fails) {
        this.fails = fails;
    }

    Program shrink(Program failing) {
        Program current = failing;
        while (true) {
            List<Program> smaller = new ArrayList<>(singleOutputs(current));
            smaller.addAll(cuts(current));
            smaller.sort(java.util.Comparator.comparing(p -> p.graph().calls().size()));
            int found = fails.apply(smaller).indexOf(true);
            if (found < 0) {
                return current;
            }
            current = smaller.get(found);
        }
    }

    private static List<Program> singleOutputs(Program program) {
        List<Graph.Output> outputs = program.graph().outputs();
        return outputs.size() < 2 ? List.of()
            : outputs.stream().map(o -> with(program, program.graph().nodes(), List.of(o))).toList();
    }

    /** Each call's results read from inputs instead. */
    private static List<Program> cuts(Program program) {
        List<Program> cuts = new ArrayList<>();
        for (Node.Call call : program.graph().calls()) {
            boolean needed = program.graph().outputs().stream()
                .anyMatch(o -> o.value().node().equals(call.name()));
            if (call.outputs().size() == 1 && !needed) {
                cuts.add(cut(program, call));
            }
        }
        return cuts;
    }

    private static Program cut(Program program, Node.Call call) {
        Graph graph = program.graph();
        Graph probe = new Graph(graph.nodes(), List.of(new Graph.Output("value", Arg.ref(call.name()))),
            graph.shapes());
        Map<String, ConstantValue> inputs = new LinkedHashMap<>(program.inputs());
        inputs.put(call.name(), Interpreter.run(probe, program.inputs()).get("value"));
        FakeTensor old = call.output(0);
        List<Node> nodes = new ArrayList<>(graph.nodes());
        nodes.replaceAll(n -> n == call
            ? new Node.Placeholder(call.name(), call.name(), FakeTensor.contiguous(old.dtype(), old.sizes()))
            : n);
        return with(new Program(graph, inputs), nodes, graph.outputs());
    }

    /** Without dead calls; without unread inputs too, unless they tell a symbol's value. */
    private static Program with(Program program, List<Node> nodes, List<Graph.Output> outputs) {
        Graph live = EliminateDeadCode.run(new Graph(nodes, outputs, program.graph().shapes()));
        if (!live.shapes().symbols().isEmpty()) {
            return new Program(live, program.inputs());
        }
        Map<String, List<Node.Call>> users = live.users();
        List<Node> read = live.nodes().stream().filter(n -> !(n instanceof Node.Placeholder)
            || users.containsKey(n.name())
            || outputs.stream().anyMatch(o -> o.value().node().equals(n.name()))).toList();
        return new Program(new Graph(read, outputs, live.shapes()), program.inputs());
    }
}
