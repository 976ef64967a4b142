package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.ops.shape.SymInt;
import dev.kiln.stages.trace.pt2.schema.Argument;
import dev.kiln.stages.trace.pt2.schema.ProgramGraph;
import dev.kiln.stages.trace.pt2.schema.ProgramNode;
import java.util.List;
import java.util.stream.Stream;

/** Translates sub-graphs of higher-order operators in the place of the operator. */
final class SubGraphs {
    private final GraphTranslator translator;
    private final GraphBuilder builder;
    private final Symbols symbols;

    SubGraphs(GraphTranslator translator, GraphBuilder builder, Symbols symbols) {
        this.translator = translator;
        this.builder = builder;
        this.symbols = symbols;
    }

    void inline(Scope outer, ProgramNode node, HigherOrderOps.Inlined inlined) {
        Scope inner = inner(outer, node, inlined.body().graph(), inlined.arguments());
        List<Argument> results = literals(inlined.body().graph().outputs());
        List<String> names = GraphTranslator.names(node.outputs());
        for (int i = 0; i < names.size(); i++) {
            List<String> result = GraphTranslator.names(List.of(results.get(i)));
            if (result.isEmpty()) {
                Arg literal = new NodeCall(node, inner, builder, symbols).arg(results.get(i));
                outer.define(names.get(i), new Bound.Plain(literal));
            } else {
                outer.defineSame(names.get(i), inner, result.getFirst());
            }
        }
    }

    /** Runs a sub-graph on values of the graph around it. */
    private Scope inner(Scope outer, ProgramNode node, ProgramGraph body, List<ProgramNode.Input> arguments) {
        Scope inner = new Scope(body);
        List<String> inputs = GraphTranslator.names(body.inputs());
        if (inputs.size() > arguments.size()) {
            throw new KilnException.BadInput("its sub-graph takes " + inputs.size() + " inputs, not "
                + arguments.size());
        }
        for (int i = 0; i < inputs.size(); i++) {
            List<String> given = GraphTranslator.names(List.of(arguments.get(i).value()));
            if (given.size() == 1) {
                inner.defineSame(inputs.get(i), outer, given.getFirst());
            } else {
                inner.define(inputs.get(i), new Bound.Plain(new NodeCall(node, outer, builder, symbols)
                    .arg(arguments.get(i).value())));
            }
        }
        translator.run(inner);
        return inner;
    }

    /** The outputs of a graph, lists taken apart. */
    private static List<Argument> literals(List<Argument> outputs) {
        return outputs.stream().flatMap(o -> o instanceof Argument.Tensors(List<String> names)
            ? names.stream().<Argument>map(Argument.Tensor::new) : Stream.of(o)).toList();
    }

    /** A condition on sizes chooses a branch now; one that comes from data lets both run and chooses their results. */
    void choose(Scope outer, ProgramNode node, HigherOrderOps.Choice choice) {
        NodeCall call = new NodeCall(node, outer, builder, symbols);
        if (!(call.arg(choice.predicate()) instanceof Arg.Ref predicate)) {
            boolean then = symbols.holds(SymbolicOps.truth(call, 0));
            inline(outer, node, new HigherOrderOps.Inlined(then ? choice.then() : choice.otherwise(),
                choice.operands()));
            return;
        }
        List<Arg.Ref> yes = branch(outer, node, choice.then(), choice.operands());
        List<Arg.Ref> no = branch(outer, node, choice.otherwise(), choice.operands());
        Arg.Ref flag = call.call("aten.reshape.default", predicate, List.<SymInt>of());
        List<String> names = GraphTranslator.names(node.outputs());
        for (int i = 0; i < names.size(); i++) {
            if (!builder.tensor(yes.get(i)).sizes().equals(builder.tensor(no.get(i)).sizes())) {
                throw new KilnException.Unsupported("its branches give tensors of different shapes");
            }
            Bound result = new Bound.Plain(call.call("aten.where.self", flag, yes.get(i), no.get(i)));
            outer.define(names.get(i), result);
            translator.requireAsDeclared(outer, names.get(i), result);
        }
    }

    private List<Arg.Ref> branch(Scope outer, ProgramNode node, Argument.SubGraph body,
            List<ProgramNode.Input> operands) {
        Scope inner = inner(outer, node, body.graph(), operands);
        if (inner.changesInputs()) {
            throw new KilnException.Unsupported("a branch changes a tensor in place");
        }
        return literals(body.graph().outputs()).stream().map(o -> o instanceof Argument.Tensor(String name)
            ? inner.tensor(name) : notATensor()).toList();
    }

    private static Arg.Ref notATensor() {
        throw new KilnException.Unsupported("a branch gives back what is not a tensor");
    }
}
