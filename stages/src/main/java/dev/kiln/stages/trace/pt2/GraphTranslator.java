package dev.kiln.stages.trace.pt2;

import dev.kiln.ops.KilnException;
import dev.kiln.ops.graph.Arg;
import dev.kiln.ops.graph.FakeTensor;
import dev.kiln.ops.graph.GraphBuilder;
import dev.kiln.stages.trace.pt2.archive.TorchTypes;
import dev.kiln.stages.trace.pt2.schema.Argument;
import dev.kiln.stages.trace.pt2.schema.ProgramGraph;
import dev.kiln.stages.trace.pt2.schema.ProgramNode;
import dev.kiln.stages.trace.pt2.schema.SizeExpr;
import dev.kiln.stages.trace.pt2.schema.TensorMeta;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.TreeSet;

/** Translates a graph's nodes in order, sub-graphs in their place; says which node is at fault if one cannot be. */
final class GraphTranslator {
    private final GraphBuilder builder;
    private final Symbols symbols;

    GraphTranslator(GraphBuilder builder, Symbols symbols) {
        this.builder = builder;
        this.symbols = symbols;
    }

    /** Refuses a graph with operators that Kiln lacks; names all of them. */
    static void requireSupported(ProgramGraph graph) {
        TreeSet<String> unknown = new TreeSet<>();
        collectUnknown(graph, unknown);
        if (!unknown.isEmpty()) {
            throw new KilnException.Unsupported((unknown.size() == 1 ? "operator " : "operators ")
                + String.join(", ", unknown) + (unknown.size() == 1 ? " is" : " are") + " not supported");
        }
    }

    private static void collectUnknown(ProgramGraph graph, TreeSet<String> unknown) {
        for (ProgramNode node : graph.nodes()) {
            Optional<HigherOrderOps.Inlined> inlined = HigherOrderOps.find(node);
            if (inlined.isPresent()) {
                collectUnknown(inlined.get().body().graph(), unknown);
            } else if (Targets.find(node.target()).isEmpty()) {
                unknown.add(Targets.name(node.target()));
            }
        }
    }

    void run(Scope scope) {
        for (ProgramNode node : scope.graph().nodes()) {
            String name = names(node.outputs()).stream().findFirst().orElse("");
            String label = "node " + (name.isEmpty() ? "" : "'" + name + "' ") + "(" + Targets.name(node.target())
                + "): ";
            try {
                String source = node.source().isEmpty() ? name : node.source();
                builder.from(source.isEmpty() ? List.of() : List.of(source));
                translate(scope, node);
            } catch (KilnException.Unsupported e) {
                throw new KilnException.Unsupported(label + e.getMessage());
            } catch (KilnException.BadInput | IllegalArgumentException | ArithmeticException e) {
                throw new KilnException.BadInput(label + e.getMessage(), e);
            } catch (IndexOutOfBoundsException | NoSuchElementException | NegativeArraySizeException
                    | ClassCastException | IllegalStateException e) {
                throw new KilnException.BadInput(label + "its arguments do not fit it", e);
            }
        }
    }

    private void translate(Scope scope, ProgramNode node) {
        Optional<HigherOrderOps.Inlined> inlined = HigherOrderOps.find(node);
        if (inlined.isPresent()) {
            inline(scope, node, inlined.get());
            return;
        }
        NodeCall call = new NodeCall(node, scope, builder, symbols);
        List<Bound> results = Targets.find(node.target()).orElseThrow().translate(call);
        List<String> names = names(node.outputs());
        for (int i = 0; i < names.size(); i++) {
            Bound result = i < results.size() ? results.get(i) : new Bound.Missing(Targets.name(node.target()));
            define(call, names.get(i), result);
            requireAsDeclared(scope, names.get(i), result);
        }
    }

    private static void define(NodeCall call, String name, Bound result) {
        Optional<String> first = InPlaceOps.target(call);
        String target = call.node().target();
        if (first.isPresent() && Targets.isInPlace(target)) {
            call.scope().defineSame(name, call.scope(), first.get());
        } else if (first.isPresent() && Targets.mayShare(target)) {
            call.scope().defineView(name, result, first.get());
        } else {
            call.scope().define(name, result);
        }
    }

    private void inline(Scope outer, ProgramNode node, HigherOrderOps.Inlined inlined) {
        ProgramGraph body = inlined.body().graph();
        Scope inner = new Scope(body);
        List<String> inputs = names(body.inputs());
        for (int i = 0; i < inputs.size(); i++) {
            List<String> given = names(List.of(inlined.arguments().get(i).value()));
            if (given.size() == 1) {
                inner.defineSame(inputs.get(i), outer, given.getFirst());
            } else {
                inner.define(inputs.get(i), new Bound.Plain(new NodeCall(node, outer, builder, symbols)
                    .arg(inlined.arguments().get(i).value())));
            }
        }
        run(inner);
        List<String> results = names(body.outputs());
        List<String> names = names(node.outputs());
        for (int i = 0; i < names.size(); i++) {
            outer.defineSame(names.get(i), inner, results.get(i));
        }
    }

    /** The names in a list of values, in order; a literal has none. */
    static List<String> names(List<Argument> values) {
        List<String> names = new ArrayList<>();
        for (Argument value : values) {
            switch (value) {
                case Argument.Tensor(String name) -> names.add(name);
                case Argument.Tensors(List<String> list) -> names.addAll(list);
                case Argument.OptionalTensors(List<Optional<String>> list) ->
                    list.forEach(n -> n.ifPresent(names::add));
                case Argument.SymScalar(String name) -> names.add(name);
                case Argument.SymInt(Argument.SymIntArg.Name(String name)) -> names.add(name);
                default -> {
                }
            }
        }
        return names;
    }

    /** What the file says about a value must be what the operator gives. */
    private void requireAsDeclared(Scope scope, String name, Bound result) {
        TensorMeta meta = scope.graph().tensors().get(name);
        if (meta == null || !(result instanceof Bound.Plain(Arg.Ref ref))) {
            return;
        }
        FakeTensor type = builder.tensor(ref);
        boolean same = TorchTypes.numbered("value '" + name + "'", meta.dtype()) == type.dtype()
            && meta.sizes().size() == type.rank();
        for (int d = 0; same && d < type.rank(); d++) {
            same = !(meta.sizes().get(d) instanceof SizeExpr.Known(long size)) || !type.size(d).isConstant()
                || type.size(d).is(size);
        }
        if (!same) {
            throw new KilnException.BadInput("it gives " + type + ", the file says "
                + TorchTypes.numbered("value", meta.dtype()) + " of " + meta.sizes().stream().map(s -> switch (s) {
                    case SizeExpr.Known(long value) -> Long.toString(value);
                    case SizeExpr.Expression e -> e.text();
                }).toList());
        }
    }
}
